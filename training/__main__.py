"""Train the network that ships: `python -m training all` gathers, renders, distils and exports; each step alone too.

    pip install -r training/requirements.txt
    python -m training all --data FOLDER --data FOLDER --teacher FOLDER --work var/training

Each data folder has a manifest.csv (file, kind, source, subject, licence). Every step is resumable: run the same line
again after a stop, and it goes on. `--install` puts the result in the package; then fit the fusion anew with
`python -m training.calibrate`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.originals import gather
from training.pool import load, render

STEPS = ("gather", "render", "all")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=STEPS, help="where to stop; all steps before it are done first")
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder with a manifest.csv")
    parser.add_argument("--teacher", type=Path, required=True, help="folder with v2_27.onnx and v1se_40.onnx")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="kept between runs")
    parser.add_argument("--samples", type=int, default=36_000, help="how many to render")
    parser.add_argument("--steps", type=int, default=8_000, help="of 64 samples: how long to learn")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate; 5e-4 with --start")
    parser.add_argument("--start", type=Path, help="learn on from this exported network")
    parser.add_argument("--no-labels", action="store_true", help="ablation: the teacher alone")
    parser.add_argument("--no-teacher", action="store_true", help="ablation: the known labels alone")
    parser.add_argument("--seed", type=int, default=402)
    parser.add_argument("--install", action="store_true", help="put the result in the package")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print("gathering originals", flush=True)
    originals = gather(options.data, options.work)
    held = sum(one.held_out for one in originals)
    print(f"  {len(originals)} pictures, {held} of them held out", flush=True)
    if options.step == "gather":
        return
    print("rendering samples", flush=True)
    paths = render(originals, options.teacher, options.work, options.samples, options.seed)
    if options.step == "render":
        return
    from training.distill import Plan, agree, distill
    from training.export import export, install
    from training.fast_teacher import FastTeacher

    print("learning", flush=True)
    pool = load(paths)
    plan = Plan(
        steps=options.steps,
        rate=options.rate,
        seed=options.seed,
        start=options.start,
        labels=not options.no_labels,
        teacher=not options.no_teacher,
    )
    student = distill(pool, plan, FastTeacher(options.teacher), options.work)
    verdict = agree(student, pool)
    target = options.work / "two_view.onnx"
    about = {"samples": str(options.samples), "seed": str(options.seed), "licence": "Apache-2.0", "held_out": verdict}
    apart = export(student, target, pool, about)
    print(f"{target}: {verdict}; differs from torch by at most {apart:.1e}")
    if options.install:
        print(f"installed, sha256 {install(target)}")


if __name__ == "__main__":
    main()
