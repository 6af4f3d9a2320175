"""Counts wrong verdicts at every threshold on sources that no number was fitted on, for the site's page of accuracy.

    python -m benchmarks.curves CLIPS.csv PHOTOGRAPHS.csv [--work FOLDER] [--out FILE]

Videos: the clips of CLIPS.csv, the fusion fitted without the clip's source, as in `training.calibrate`. Pictures: the
middle frame of each clip and the photographs, the calibration fitted without their source, as in `benchmarks.images`.
FILE, by default the one that the site shows, has counts only: no name of a file and no score.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from training.alterations import MEASURED
from training.compare import numbers, together
from training.folds import look
from training.fusion_fit import left_out
from training.harder import HARDER

from alive402.catalog import IMAGE_LIVENESS, LIVENESS
from alive402.liveness.networks import AppearanceNetwork
from training import calibrate, calibrate_images

Floats = npt.NDArray[np.float64]

OUT = Path(__file__).parents[1] / "src/alive402/web/accuracy.json"
THRESHOLDS = np.linspace(0, 1, 51).round(2)
REFUSED = "people refused"
KINDS = {
    "replay_phone": "replays on phones called live",
    "replay_monitor": "replays on monitors called live",
    "print": "prints called live",
    "screen": "photographs of screens called live",
}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="looks at the clips are kept here")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    for manifest in (options.clips, options.photographs):
        if not manifest.is_file():
            print(f"There is no {manifest}: give a manifest (docs/accuracy.md).", file=sys.stderr)
            return 64
    services = {
        LIVENESS.id: _videos(options.clips, options.work),
        IMAGE_LIVENESS.id: _pictures(options.clips, options.photographs),
    }
    made = {
        "made_by": "python -m benchmarks.curves",
        "measured": datetime.now(UTC).strftime("%Y-%m"),
        "thresholds": THRESHOLDS.tolist(),
        "services": services,
    }
    options.out.write_text(_compact(made))
    for name, service in services.items():
        place = int(np.abs(THRESHOLDS - service["threshold"]).argmin())
        print(f"{name}: {service['judged']}, at {service['threshold']}:")
        for rate in service["rates"]:
            print(f"  {rate['name']:<40} {rate['errors'][place]:>3} of {rate['trials']}")
    return 0


def counted(scores: Floats, bona_fide: npt.NDArray[np.bool_], species: npt.NDArray[np.str_]) -> list[dict[str, Any]]:
    """The wrong verdicts at each threshold: people below it, and the attacks of each species from it on.

    >>> people, prints = counted(np.array([0.9, 0.3, 0.6]), np.array([True, True, False]), np.array(["", "", "print"]))
    >>> people["errors"][25], prints["errors"][25], prints["errors"][40]
    (1, 1, 0)
    """
    below = scores[:, None] < THRESHOLDS
    found = [_rate(REFUSED, below[bona_fide])]
    kinds = [*KINDS, *sorted({*species[~bona_fide].tolist()} - {*KINDS})]
    for kind in kinds:
        mine = ~bona_fide & (species == kind)
        if mine.any():
            found.append(_rate(KINDS.get(kind, f"{kind} called live"), ~below[mine]))
    return found


def _rate(name: str, wrong: npt.NDArray[np.bool_]) -> dict[str, Any]:
    return {"name": name, "trials": len(wrong), "errors": wrong.sum(axis=0).tolist()}


def _videos(manifest: Path, work: Path) -> dict[str, Any]:
    looked = look(manifest, work)
    (found,) = numbers([AppearanceNetwork(1)], looked, MEASURED | HARDER, conditions=True)
    # Fitted like the shipped numbers, on clean and altered looks together; the clean ones come first.
    scores = left_out(together(looked, found.features))[: len(looked.labels)]
    judged = f"{len(scores)} clips of {len(set(looked.sources))} sources"
    rule = {"threshold": calibrate.THRESHOLD, "margin": calibrate.MARGIN}
    return {"judged": judged, **rule, "rates": counted(scores, looked.labels == 1, looked.attacks)}


def _pictures(*manifests: Path) -> dict[str, Any]:
    looks = calibrate_images.read(*manifests)
    middle = looks.only(looks.middle)
    scores = calibrate_images.left_out(looks)[looks.middle]
    judged = f"{len(scores)} pictures of {len(set(middle.sources))} sources"
    rule = {"threshold": calibrate_images.THRESHOLD, "margin": calibrate_images.MARGIN}
    return {"judged": judged, **rule, "rates": counted(scores, middle.labels == 1, middle.species)}


def _compact(made: Mapping[str, Any]) -> str:
    """JSON with each list of numbers on one line."""
    text = json.dumps(made, indent=1)
    return re.sub(r"\[([\d.,\s]+)\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


if __name__ == "__main__":
    sys.exit(main())
