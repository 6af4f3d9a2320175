"""Two networks become one: the mean of their weights, so that what was learned anew does not cost what was known.

    python -m training.average BEFORE.onnx AFTER.onnx --share 0.5 --out BETWEEN.onnx

AFTER has to be learned on from BEFORE (`python -m training all --start BEFORE.onnx`). Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models" (WiSE-FT): the mean often beats both on data that neither has seen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

LEARNED = ("Conv", "MatMul", "BatchNormalization", "Gemm")


def average(before: Path, after: Path, share: float, out: Path) -> None:
    """Write the network whose weights are `share` of `after` and the rest of `before`.

    Raises:
        ValueError: the two are not of one shape.
    """
    model = onnx.load(str(after))
    ours, theirs = _weights(model), _weights(onnx.load(str(before)))
    if [values.shape for _, values in ours] != [values.shape for _, values in theirs]:
        raise ValueError("the two networks are not of one shape")
    mixed = {
        name: (share * values + (1 - share) * other).astype(np.float32)
        for (name, values), (_, other) in zip(ours, theirs, strict=True)
    }
    for initializer in model.graph.initializer:
        if initializer.name in mixed:
            initializer.CopyFrom(numpy_helper.from_array(mixed[initializer.name], initializer.name))
    onnx.save(model, str(out))


def _weights(model: onnx.ModelProto) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """The learned arrays in the order of their use: names differ between exports, the order does not."""
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    return [
        (name, stored[name])
        for kind in LEARNED
        for node in model.graph.node
        if node.op_type == kind
        for name in node.input[1:]
        if name in stored
    ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of AFTER, 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--install", action="store_true", help="put the result in the package")
    options = parser.parse_args()
    average(options.before, options.after, options.share, options.out)
    if options.install:
        from training.export import install

        print(f"installed, sha256 {install(options.out)}")


if __name__ == "__main__":
    main()
