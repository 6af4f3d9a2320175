"""Compares the time per face by runtime and activation: `python -m benchmarks.runtimes --teacher FOLDER [--json]`.

A face is three views: two by one network, one by the other. Measures Silent-Face's networks unchanged (PReLU), with
PReLU written as relu(x) - slope * relu(-x), with LeakyReLU, and with padded channels, by onnxruntime and, where it is
installed, by OpenVINO; and our own shipped file. One thread, four faces per batch; variants run in turn, so that other
load slows all alike. Needs training/requirements.txt.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import helper
from training.two_view import VIEWS, student_pair, teacher_pair, to_onnx

from alive402.liveness.networks.model_files import locate

FACES = 4
ROUNDS = 40
Run = Callable[[], object]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path, required=True, help="folder with v2_27.onnx and v1se_40.onnx")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    teacher = to_onnx(teacher_pair(options.teacher), {}, pad=False)
    models = {
        "PReLU, as published": teacher,
        "PReLU as two ReLU, exact": without_prelu(teacher),
        "LeakyReLU, cut over": to_onnx(student_pair(options.teacher, 0.0), {}, pad=False),
        "LeakyReLU, channels padded": to_onnx(student_pair(options.teacher, 0.0), {}),
        "as shipped": onnx.load(str(locate("two_view"))),
    }
    runs = {f"onnxruntime: {name}": with_onnxruntime(model) for name, model in models.items()}
    try:
        runs |= {f"OpenVINO: {name}": with_openvino(model) for name, model in models.items()}
    except ImportError:
        print("OpenVINO is not installed: `pip install openvino` to measure it too.")
    figures = measure(runs)
    if options.json:
        print(json.dumps(figures))
        return
    first = next(iter(figures.values()))
    print("| runtime and network | ms a face | times as fast |\n|---|---|---|")
    for name, cost in figures.items():
        print(f"| {name} | {cost:.2f} | {first / cost:.1f} |")


def measure(runs: dict[str, Run]) -> dict[str, float]:
    """Median ms per face of each variant, over rounds that run them in turn."""
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = perf_counter()
            run()
            spent[name].append((perf_counter() - began) * 1000 / FACES)
    return {name: statistics.median(times) for name, times in spent.items()}


def without_prelu(model: onnx.ModelProto) -> onnx.ModelProto:
    """An equal network with each PReLU written as relu(x) - slope * relu(-x)."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    nodes = []
    for place, node in enumerate(model.graph.node):
        if node.op_type != "PRelu":
            nodes.append(node)
            continue
        (value, slope), (result,) = node.input, node.output
        above, below, turned, scaled = (f"{result}/{part}{place}" for part in ("above", "below", "turned", "scaled"))
        nodes += [
            helper.make_node("Relu", [value], [above]),
            helper.make_node("Neg", [value], [turned]),
            helper.make_node("Relu", [turned], [below]),
            helper.make_node("Mul", [below, slope], [scaled]),
            helper.make_node("Sub", [above, scaled], [result]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def with_onnxruntime(model: onnx.ModelProto) -> Run:
    """Run by onnxruntime on one thread, as in the product."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    faces = feeds()
    return lambda: session.run(None, faces)


def with_openvino(model: onnx.ModelProto) -> Run:
    """Run by OpenVINO on one thread.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    import io

    import openvino

    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(io.BytesIO(model.SerializeToString())),
        "CPU",
        {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"},
    )
    faces = feeds()
    return lambda: compiled(faces)


def feeds() -> dict[str, npt.NDArray[np.float32]]:
    """All views of several faces."""
    rng = np.random.default_rng(402)
    return {name: rng.uniform(0, 255, (FACES, 3, 80, 80)).astype(np.float32) for name in VIEWS}


if __name__ == "__main__":
    main()
