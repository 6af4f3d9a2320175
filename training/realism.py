"""Measures realism of rendered attacks: `python -m training.realism --dev MANIFEST.csv --teacher FOLDER --work FOLDER`.

For each kind and severity, prints the share of rendered samples that the teacher recognises beside the share of real
looks at that attack that it recognises. A kind that it recognises when real but not when rendered is rendered wrongly,
so its labels weigh less in training (`training/learn.py`). Needs a rendered pool: `python -m training render`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from alive402.liveness.networks.appearance import network_input
from training.folds import Looked, look
from training.pool import KINDS, MILD, Chunk, load
from training.simulate import PAPERS
from training.teacher import LIVE, UNKNOWN, Teacher

REAL_KINDS: dict[str, tuple[str, ...]] = {
    "replay_phone": ("phone", "full_screen", "crop_replay"),
    "replay_monitor": ("monitor", "laptop", "tablet"),
    "print": PAPERS,
    "": ("bona_fide", "crop_live"),
}
"""Rendered kinds by the name of the real attack that they represent; "" is bona fide."""
BANDS = (("mild", 0.0, MILD), ("strong", MILD, 1.01))
AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Share:
    """How many of n samples the teacher puts on the right side, attack or life."""

    kind: str
    severity: str
    right: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0..1; NaN without samples."""
        return self.right / self.of if self.of else float("nan")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dev", type=Path, required=True, help="manifest of labelled clips")
    parser.add_argument("--teacher", type=Path, required=True, help="folder with v2_27.onnx and v1se_40.onnx")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="where the pool lies")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    paths = sorted((options.work / "pool").glob("*.npz"))
    if not paths:
        parser.exit(66, f"There is no pool in {options.work}. Run `python -m training render` first.\n")
    rendered = list(of_pool(load(paths)))
    real = list(of_clips(look(options.dev, options.work), Teacher(options.teacher)))
    if options.json:
        print(json.dumps({"rendered": [asdict(one) for one in rendered], "real": [asdict(one) for one in real]}))
        return
    print("| rendered kind | severity | teacher right | real looks of that kind |\n|---|---|---|---|")
    beside = {one.kind: one for one in real}
    for one in rendered:
        name = next((name for name, kinds in REAL_KINDS.items() if one.kind in kinds), None)
        other = beside.get(name) if name is not None else None
        share = f"{other.value:.2f} of {other.of}" if other else ""
        print(f"| {one.kind} | {one.severity} | {one.value:.2f} of {one.of} | {share} |")


def of_pool(pool: Chunk) -> Iterator[Share]:
    """Shares of rendered samples with known labels, by kind and severity."""
    live = _live(pool.logits.astype(np.float32))
    for place, kind in enumerate(KINDS):
        for band, low, high in BANDS:
            mine = (pool.kinds == place) & (pool.severities >= low) & (pool.severities < high)
            mine &= pool.labels != UNKNOWN
            if mine.any():
                right = (live[mine] > 0.5) == (pool.labels[mine] == LIVE)
                yield Share(kind, band, int(right.sum()), int(mine.sum()))


def of_clips(looked: Looked, teacher: Teacher) -> Iterator[Share]:
    """Shares of real looks, by the kind of attack in the manifest; "" is bona fide."""
    mid, wide = network_input(looked.mid), network_input(looked.wide)
    logits = [
        teacher.answer_views(mid[at : at + AT_ONCE], wide[at : at + AT_ONCE]).logits
        for at in range(0, len(mid), AT_ONCE)
    ]
    live = _live(np.concatenate(logits))
    attacks = looked.attacks[looked.clip]
    for kind in sorted(set(attacks.tolist())):
        mine = attacks == kind
        right = (live[mine] > 0.5) == (kind == "")
        yield Share(kind, "", int(right.sum()), int(mine.sum()))


def _live(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n,) p(live), the mean of both views, of logits (n, 2, 3)."""
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    result: npt.NDArray[np.float32] = (powers / powers.sum(axis=2, keepdims=True))[:, :, LIVE].mean(axis=1)
    return result


if __name__ == "__main__":
    main()
