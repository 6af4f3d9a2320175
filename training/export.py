"""Exports the student as the shipped file: ONNX, checked against torch, its sha256 in the registry."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from alive402.liveness.networks import WEIGHTS
from alive402.liveness.networks.face_view import face_alone
from training.pool import Chunk
from training.two_view import VIEWS, TwoView, to_onnx
from training.views import SIDE, tensor

TOLERANCE = 1e-4


def export(student: TwoView, path: Path, pool: Chunk, about: dict[str, str]) -> float:
    """Write the network and compare it with torch on real samples; returns the largest difference in p(live).

    Raises:
        ValueError: the file does not answer as the network does.
    """
    student.eval()
    onnx.save(to_onnx(student, about), str(path))
    mid, wide = (tensor(images[:64]) for images in (pool.mid, pool.wide))
    faces = zip(pool.mid[:64], pool.faces[:64, 0], strict=True)
    alone = tensor(np.stack([face_alone(view, face, SIDE) for view, face in faces]))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    feeds = {name: view.numpy() for name, view in zip(VIEWS, (mid, wide, alone), strict=True)}
    (said,) = session.run(["p_live"], feeds)
    with torch.no_grad():
        apart = float(np.abs(said - student.live(mid, wide).numpy()).max())
    if apart > TOLERANCE:
        raise ValueError(f"the exported network differs from torch by {apart:.2g}")
    return apart


def install(path: Path) -> str:
    """Put the network in the package's place and its sha256 in the registry; returns the sha256.

    Raises:
        ValueError: the registry does not list the network.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    registry = WEIGHTS / "registry.toml"
    pattern = r'(\[two_view\][^\[]*?sha256 = ")[0-9a-f]{64}(")'
    changed, count = re.subn(pattern, rf"\g<1>{digest}\g<2>", registry.read_text(), count=1, flags=re.S)
    if count != 1:
        raise ValueError("registry.toml has no [two_view] with a sha256")
    (WEIGHTS / "two_view.onnx").write_bytes(content)
    registry.write_text(changed)
    return digest
