"""Tests of the student: cut from the teacher, exported with equal results, and white-balanced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (training/requirements.txt)")
onnx = pytest.importorskip("onnx", reason="onnx is not installed (training/requirements.txt)")

from training.two_view import averaged, cut_over, student_pair, teacher_pair, to_onnx, white  # noqa: E402

from tests.training.networks import small_teacher  # noqa: E402


def views(seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0, 255, (5, 3, 80, 80)).astype(np.float32))


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_exported_file_equals_torch(tmp_path: Path, balance: float) -> None:
    student = student_pair(small_teacher(tmp_path), balance)
    mid, wide = views(1), views(2)
    wide[:, 0] *= 0.5
    session = onnxruntime.InferenceSession(to_onnx(student, {"licence": "Apache-2.0"}).SerializeToString())
    feeds = {"mid_2p7": mid.numpy(), "wide_4p0": wide.numpy(), "face_alone": mid.flip(3).numpy()}
    said = session.run(["p_live"], feeds)[0]
    assert np.abs(said - student.live(mid, wide).numpy()).max() < 1e-5


def test_face_alone_is_scored_by_the_weights_of_the_tight_view(tmp_path: Path) -> None:
    model = to_onnx(student_pair(small_teacher(tmp_path), 1.0), {})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    mid, wide, other = (views(seed).numpy() for seed in (1, 2, 3))
    tight, alone = session.run(["p3_mid", "p3_face"], {"mid_2p7": mid, "wide_4p0": wide, "face_alone": mid})
    assert np.array_equal(tight, alone)
    (another,) = session.run(["p3_face"], {"mid_2p7": mid, "wide_4p0": wide, "face_alone": other})
    assert not np.array_equal(another, alone)
    assert not [one.name for one in model.graph.initializer if one.name.startswith("face_alone/")]


def test_cut_over_replaces_each_prelu_by_its_mean_slope(tmp_path: Path) -> None:
    small_teacher(tmp_path)
    before = onnx.load(str(tmp_path / "v2_27.onnx"))
    after = cut_over(before)
    assert "PRelu" not in {node.op_type for node in after.graph.node}
    slopes = next(onnx.numpy_helper.to_array(one) for one in before.graph.initializer if one.name == "slope")
    (leaky,) = (node for node in after.graph.node if node.op_type == "LeakyRelu")
    assert leaky.attribute[0].f == pytest.approx(float(slopes.mean()), rel=1e-6)


def test_white_balance_brings_a_cast_back_to_grey() -> None:
    plain = views(3)
    cast = plain * torch.tensor([0.8, 1.0, 1.2])[None, :, None, None]
    back = cast * white(cast, 1.0)
    means = back.mean((2, 3))
    assert float((means.max(1).values - means.min(1).values).max()) < 1.5
    assert torch.equal(white(cast, 0.0), torch.ones(5, 3, 1, 1))


def test_average_of_networks_is_the_mean_of_weights(tmp_path: Path) -> None:
    folder = small_teacher(tmp_path)
    one, fresh = student_pair(folder, 1.0), student_pair(folder, 1.0, fresh=True)
    expected = [0.25 * a + 0.75 * b for a, b in zip(one.parameters(), fresh.parameters(), strict=True)]
    mean = averaged([one, fresh], [0.25, 0.75])
    assert all(torch.allclose(a, b) for a, b in zip(mean.parameters(), expected, strict=True))
    with pytest.raises(ValueError, match="add up to 1"):
        averaged([one, fresh], [0.5, 0.7])


def test_teacher_pair_leaves_colours_alone(tmp_path: Path) -> None:
    teacher = teacher_pair(small_teacher(tmp_path))
    mid, wide = views(4), views(5)
    said = onnxruntime.InferenceSession(str(tmp_path / "v1se_40.onnx")).run(["logit"], {"x": wide.numpy()})[0]
    assert np.abs(teacher(mid, wide)[0][:, 1].detach().numpy() - said).max() < 1e-3 * np.abs(said).max()
