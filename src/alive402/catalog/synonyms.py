"""Synonyms for search, in English and Chinese, and splitting a query into words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# One group of synonyms a line; the first is the word that the services' own texts use.
GROUPS: tuple[frozenset[str], ...] = tuple(
    frozenset(group)
    for group in (
        ("liveness", "living", "live", "alive", "liveliness", "vivacity", "活体", "活体检测", "真人", "活人", "生存性"),
        ("liveness", "passive", "静默", "静默活体", "静默活体检测"),
        ("spoof", "spoofing", "antispoofing", "anti-spoofing", "spoofed", "防伪", "欺诈", "攻击", "反欺骗"),
        ("liveness", "spoof", "anti-spoofing", "antispoofing", "pad", "presentation", "呈现攻击"),
        ("replay", "replayed", "recaptured", "re-filmed", "refilmed", "rebroadcast", "screen", "翻拍", "重放", "屏幕"),
        ("print", "printed", "photo", "picture", "still", "照片", "打印"),
        ("mask", "面具"),
        ("deepfake", "deepfakes", "generated", "injected", "edited", "synthetic", "换脸", "深度伪造", "伪造"),
        ("face", "faces", "facial", "selfie", "人脸", "脸部", "面部", "自拍", "人脸人体"),
        ("video", "videos", "filmed", "clip", "clips", "footage", "movie", "视频", "影片", "录像"),
        ("image", "images", "photo", "photos", "photograph", "picture", "pictures", "图片", "图像", "照片"),
        ("detect", "detection", "detecting", "detector", "check", "verify", "verification", "检测", "识别", "验证"),
        ("identity", "identification", "kyc", "onboarding", "ekyc", "身份", "实名", "开户"),
        ("person", "human", "people", "人", "人体"),
    )
)
VOCABULARY: frozenset[str] = frozenset().union(*GROUPS)
_CHINESE = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# CamelCase parts, as in DetectVideoLivingFace.
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STOPPING = """
a an and any are by can could do does find for from get give has have how i if in is it me my
need of on or please show some tell that the there this to want was what whether which with
"""
_STOP = frozenset(_STOPPING.split())


def words_of(text: str) -> list[str]:
    """The distinct words of a text in order: lower case, without stop words; Chinese is split by known words."""
    plain = _CAMEL.sub(" ", text[:500]).lower()
    found = [word for word in _WORD.findall(plain) if word not in _STOP]
    found += [part for word in found if "-" in word for part in word.split("-") if part not in _STOP]
    for run in _CHINESE.findall(plain):
        known = [word for word in sorted(VOCABULARY, key=lambda each: (-len(each), each)) if word in run]
        found += known or [run]
    return list(dict.fromkeys(found))


def meant_by(words: Iterable[str], known: frozenset[str]) -> list[str]:
    """Synonyms of `words`, without `words`; an unknown word is replaced by the nearest known one."""
    given = list(words)
    read = [_nearest(word, known | VOCABULARY) for word in given]
    meant = [each for word in read for group in GROUPS if word in group for each in sorted(group)]
    return [each for each in dict.fromkeys([*read, *meant]) if each not in given]


def _nearest(word: str, known: frozenset[str]) -> str:
    if word in known or len(word) < 5:
        return word
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.82)
    return close[0] if close else word
