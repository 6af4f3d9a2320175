"""Trains the shipped network: `python -m training all` gathers, renders, learns and exports; steps also run alone.

    pip install -r training/requirements.txt
    python -m training all --data FOLDER --data FOLDER --teacher FOLDER --work var/training --install

Each data folder has a manifest.csv (file, kind, source, subject, licence). The network starts from the teacher's own
weights (Silent-Face, Apache-2.0: the folder of --teacher) and is trained further for a few hundred steps. The same
command resumes a stopped run. `--install` puts the result in the package; then fit the fusion again with `python -m
training.calibrate`.

examples:
  python -m training all --data data/train --teacher silent-face --install
  python -m training learn --data data/train --teacher silent-face --labels 0      ablation: the teacher alone
  python -m training learn --data data/train --teacher silent-face --altered 0     ablation: no invariance
  python -m training learn --data data/train --teacher silent-face --from-scratch  ablation: fresh weights
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training.originals import gather
from training.pool import load, render

STEPS = ("gather", "render", "learn", "all")
RUNS, SHARE = 4, 0.6
"""Number of networks trained, and their share in the exported mean; the rest is the start. A mean of runs is closer to
what all runs learned than to the chance of one (`averaged` in two_view.py), and the start keeps it close to real clips:
the longer a run, the more it fits the simulator. Chosen by `training.compare`.
"""
HARDER = 0.5
"""Share of the altered samples that show less of the scene, or little light, in every second run."""


def main() -> None:
    """Run the command line."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    print("gathering originals", flush=True)
    originals = gather(options.data, options.work)
    held = sum(one.held_out for one in originals)
    print(f"  {len(originals)} pictures, {held} of them held out", flush=True)
    if options.step == "gather":
        return
    print("rendering samples", flush=True)
    paths = render(originals, options.teacher, options.work, options.samples, options.pool_seed)
    if options.step == "render":
        return
    from training.export import export, install
    from training.learn import Plan, learn
    from training.two_view import averaged, student_pair, teacher_pair

    pool, teacher = load(paths), teacher_pair(options.teacher)
    plan = Plan(
        steps=options.steps,
        rate=options.rate,
        seed=options.seed,
        labels=options.labels,
        altered=options.altered,
        teacher=not options.no_teacher,
    )
    learned = []
    for run in range(options.runs):
        print(f"learning, run {run + 1} of {options.runs}", flush=True)
        start = student_pair(options.teacher, options.balance, options.from_scratch, options.seed)
        now = replace(plan, seed=options.seed + run // 2, harder=options.harder if run % 2 else 0.0)
        learned.append(learn(start, teacher, pool, now, options.work))
    shares = [options.share / options.runs] * options.runs
    if options.from_scratch:
        student = averaged(learned, [1 / options.runs] * options.runs)
    else:
        student = averaged([student_pair(options.teacher, options.balance), *learned], [1 - options.share, *shares])
    target = options.work / options.name
    about = {"descends_from": "minivision-ai/Silent-Face-Anti-Spoofing", "licence": "Apache-2.0", "plan": repr(plan)}
    apart = export(student, target, pool, about)
    print(f"{target}: differs from torch by at most {apart:.1e}")
    if options.install:
        print(f"installed, sha256 {install(target)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=STEPS, help="where to stop; all steps before it are done first")
    parser.add_argument("--data", type=Path, action="append", required=True, help="folder with a manifest.csv")
    parser.add_argument("--teacher", type=Path, required=True, help="folder with v2_27.onnx and v1se_40.onnx")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="kept between runs")
    parser.add_argument("--samples", type=int, default=6_000, help="how many to render")
    parser.add_argument("--steps", type=int, default=160, help="of 48 samples: how long to learn")
    parser.add_argument("--rate", type=float, default=3e-4, help="peak learning rate")
    parser.add_argument("--balance", type=float, default=1.0, help="white balance before the network: 0 none, 1 full")
    parser.add_argument(
        "--runs", type=int, default=RUNS, help="networks to train; every second one sees less of the scene"
    )
    parser.add_argument("--share", type=float, default=SHARE, help="of the trained weights in the exported mean")
    parser.add_argument("--labels", type=float, default=1.0, help="factor on the weights of known labels")
    parser.add_argument("--altered", type=float, default=0.5, help="share of samples altered for the student alone")
    parser.add_argument("--harder", type=float, default=HARDER, help="share of those by harder.py, every second run")
    parser.add_argument("--no-teacher", action="store_true", help="ablation: the known labels alone")
    parser.add_argument("--from-scratch", action="store_true", help="ablation: fresh weights instead of the teacher's")
    parser.add_argument("--name", default="two_view.onnx", help="of the exported file in --work")
    parser.add_argument("--pool-seed", type=int, default=402, help="of the rendered samples")
    parser.add_argument("--seed", type=int, default=403, help="of the first two runs; the next ones count on")
    parser.add_argument("--install", action="store_true", help="put the result in the package")
    return parser.parse_args()


if __name__ == "__main__":
    main()
