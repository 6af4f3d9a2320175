"""Tests of manifests and folder layouts, and of the messages for bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alive402.lab.datasets import READERS, DatasetError, Presentation, read
from alive402.liveness import Challenge


def tree(root: Path, *names: str) -> Path:
    """Empty files below a folder."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def told(found: list[Presentation]) -> set[tuple[str, str, str, str, str]]:
    """Name, attack type ("live" when bona fide), subject, source and group of each."""
    return {
        (one.name, "live" if one.bona_fide else one.attack_type, one.subject, one.source, one.group) for one in found
    }


def test_manifest_with_either_set_of_column_names(tmp_path: Path) -> None:
    tree(tmp_path, "a.mp4", "in/b.mp4")
    (tmp_path / "one.csv").write_text(
        "path,label,attack_type,subject,source\na.mp4,live,,p1,s1\nin/b.mp4,attack,print,,s2\n"
    )
    (tmp_path / "two.csv").write_text(
        "\ufeffFile,Label,Attack,Source,Group,camera\na.mp4,Bonafide,,s1,devel,x\nin/b.mp4,spoof,print,s2,test,y\n",
        encoding="utf-8",
    )
    one, two = read(tmp_path / "one.csv"), read(tmp_path / "two.csv")
    assert told(one) == {("a.mp4", "live", "p1", "s1", ""), ("in/b.mp4", "print", "", "s2", "")}
    assert [(each.group, each.notes) for each in two] == [("dev", {"camera": "x"}), ("test", {"camera": "y"})]
    assert all(each.path.is_file() for each in one + two)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("label\nlive\n", "line 1: there is no column 'path' or 'file'. Columns found: label."),
        ("path\na.mp4\n", "line 1: there is no column 'label'"),
        ("", "Columns found: none"),
        ("path,label\n", "no line below it"),
        ("path,label\na.mp4,live\na.mp4,maybe\n", "line 3, column 'label': 'maybe' is not a label"),
        ("file,label\nb.mp4,live\n", "line 2, column 'file': there is no file"),
        ("file,label\n,live\n", "line 2, column 'file': no file is named"),
        ("path,label,group\na.mp4,live,sometimes\n", "line 2, column 'group': 'sometimes' is not a group"),
        ("path,label,attack\na.mp4,live,print\n", "line 2, column 'attack': the label says live"),
        ("path,label\na.mp4,live\na.mp4,live\n", "a.mp4 occurs twice"),
        ("path,label,challenge\na.mp4,live,\na.mp4,live,c.json\n", "line 3, column 'challenge': the challenge"),
        ("path,label,challenge\na.mp4,live,a.mp4\n", "line 2, column 'challenge': "),
    ],
)
def test_bad_manifest_error_names_line_and_column(tmp_path: Path, text: str, complaint: str) -> None:
    tree(tmp_path, "a.mp4")
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(DatasetError, match=complaint.replace("(", r"\(").replace(".", r"\.")):
        read(tmp_path / "manifest.csv")


def test_manifest_names_challenges(tmp_path: Path) -> None:
    tree(tmp_path, "a.mp4", "b.mp4", "in/c.json")
    asked = Challenge.new("asked", bytes(16))
    (tmp_path / "in/c.json").write_text(json.dumps(asked.to_dict()))
    (tmp_path / "manifest.csv").write_text("path,label,challenge\na.mp4,live,in/c.json\nb.mp4,live,\n")
    assert [one.challenge for one in read(tmp_path / "manifest.csv")] == [asked, None]


def test_oulu_npu(tmp_path: Path) -> None:
    root = tree(tmp_path, "Train_files/1_1_01_1.avi", "Dev_files/1_3_21_2.avi", "Test_files/6_3_36_5.avi")
    (root / "Test_files/6_3_36_5.txt").touch()
    everything = {
        ("Train_files/1_1_01_1.avi", "live", "01", "session_1", "train"),
        ("Dev_files/1_3_21_2.avi", "print/printer_1", "21", "session_3", "dev"),
        ("Test_files/6_3_36_5.avi", "replay/display_2", "36", "session_3", "test"),
    }
    assert told(read(root, "oulu-npu")) == everything
    for name, line in (("Train_2", "+1,1_1_01_1"), ("Dev_2", "-1,1_3_21_2"), ("Test_2", "")):
        tree(root, f"Protocols/Protocol_3/{name}.txt").joinpath(f"Protocols/Protocol_3/{name}.txt").write_text(line)
    assert told(read(root, "oulu-npu", "3_2")) == {one for one in everything if one[-1] != "test"}
    with pytest.raises(DatasetError, match="Protocol 9 needs"):
        read(root, "oulu-npu", "9")


def test_replay_attack(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        "train/real/client001_session01_webcam_authenticate_adverse_1.mov",
        "devel/attack/fixed/attack_print_client009_session01_highdef_photo_adverse.mov",
        "test/attack/hand/attack_mobile_client019_session01_mobile_video_controlled.mov",
        "enroll/train/client001_session02_webcam_enroll_controlled.mov",
    )
    found = told(read(root, "replay-attack"))
    assert {one[1:] for one in found} == {
        ("live", "001", "adverse", "train"),
        ("print", "009", "adverse", "dev"),
        ("mobile/video", "019", "controlled", "test"),
    }
    assert {one.attack_type for one in read(root, "replay-attack", "hand")} == {"", "mobile/video"}
    assert {one.attack_type for one in read(root, "replay-attack", "print")} == {"", "print"}
    with pytest.raises(DatasetError, match="no protocol 'foot'"):
        read(root, "replay-attack", "foot")


def test_casia_fasd(tmp_path: Path) -> None:
    root = tree(
        tmp_path, "train_release/1/1.avi", "test_release/1/4.avi", "test_release/30/HR_4.avi", "test_release/x.avi"
    )
    assert told(read(root, "casia-fasd")) == {
        ("train_release/1/1.avi", "live", "train-1", "low", "train"),
        ("test_release/1/4.avi", "print/warped", "test-1", "normal", "test"),
        ("test_release/30/HR_4.avi", "replay/tablet", "test-30", "high", "test"),
    }
    assert [one.source for one in read(root, "casia-fasd", "high")] == ["high"]


def test_msu_mfsd(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        "scene01/real/real_client001_android_SD_scene01.mp4",
        "scene01/attack/attack_client002_laptop_SD_ipad_video_scene01.mov",
        "scene01/attack/attack_client055_android_SD_printed_photo_scene01.mp4",
    )
    (root / "train_sub_list.txt").write_text("02\n")
    (root / "test_sub_list.txt").write_text("01\n")
    assert {one[1:] for one in told(read(root, "msu-mfsd"))} == {
        ("live", "001", "android", "test"),
        ("replay/tablet", "002", "laptop", "train"),
        ("print", "055", "android", ""),
    }


def test_siw(tmp_path: Path) -> None:
    root = tree(tmp_path, "Train/live/003/003-1-1-1-1.mov", "Test/spoof/160/160-2-3-4-1.mov", "Test/spoof/160/x.mov")
    assert {one[1:] for one in told(read(root, "siw"))} == {
        ("live", "003", "sensor_1", "train"),
        ("replay/4", "160", "sensor_2", "test"),
    }


def test_celeba_spoof(tmp_path: Path) -> None:
    root = tree(tmp_path, "Data/test/4930/live/1.png", "Data/test/4930/spoof/2.jpg")
    labels = {
        "Data/test/4930/live/1.png": [0] * 44,
        "Data/test/4930/spoof/2.jpg": [0] * 40 + [9, 1, 2, 1],
    }
    listed = tree(root, "metas/intra_test/test_label.json") / "metas/intra_test/test_label.json"
    listed.write_text(json.dumps(labels))
    assert told(read(root, "celeba-spoof")) == {
        ("Data/test/4930/live/1.png", "live", "4930", "live", "test"),
        ("Data/test/4930/spoof/2.jpg", "replay/phone", "4930", "outdoor", "test"),
    }
    listed.write_text(json.dumps({"Data/test/4930/live/1.png": [0, 1]}))
    with pytest.raises(DatasetError, match="needs 44 labels"):
        read(root, "celeba-spoof")
    with pytest.raises(DatasetError, match=r"has neither train_label\.json"):
        read(root, "celeba-spoof", "protocol9")


@pytest.mark.parametrize("layout", sorted(set(READERS) - {"manifest"}))
def test_folder_of_another_layout_is_refused(tmp_path: Path, layout: str) -> None:
    tree(tmp_path, "holiday/beach.mp4")
    with pytest.raises(DatasetError, match=r"looks like|has neither"):
        read(tmp_path, layout)


def test_missing_manifest_or_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There is no manifest"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(DatasetError, match="is not a folder"):
        read(tmp_path / "nowhere", "siw")
    with pytest.raises(DatasetError, match="no layout 'youtube'"):
        read(tmp_path, "youtube")
