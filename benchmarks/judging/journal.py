"""A journal of answers, one JSON line each, from which a stopped run resumes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import alive402.liveness
from alive402.liveness import engine_identity

Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """The engine's answer to one made clip.

    Attributes:
        name: the condition, the attack or the splice.
        clip: name of the clip, or of the two, that it was made from.
        made: hash of the code that made it.
        engine: which engine judged, `engine()`.
        seed: of its generator.
        verdict: `live`, `spoof`, `inconclusive`; empty where `code` says why there is none.
        confidence: 0..1, None without a verdict.
        reasons: codes of the verdict's reasons.
        code: of the error, else empty.
        seconds: of the analysis.
    """

    name: str
    clip: str
    made: str
    engine: str
    seed: int
    verdict: str
    confidence: float | None
    reasons: tuple[str, ...] = ()
    code: str = ""
    seconds: float = 0.0

    @property
    def key(self) -> Key:
        """The key of an answer, unique in a journal."""
        return self.name, self.clip, self.made, self.engine, self.seed


class Journal:
    """An append-only file of answers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # A killed run may have left half a line, to which the next must not be appended.
        self._torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")

    def read(self) -> dict[Key, Answer]:
        """Read all answers by key, the last one of several; incomplete lines are skipped."""
        answers = {}
        for line in self.path.read_text(errors="replace").splitlines() if self.path.exists() else ():
            try:
                fields = json.loads(line)
                answer = Answer(**(fields | {"reasons": tuple(fields["reasons"])}))
            except (ValueError, TypeError, KeyError):
                continue
            answers[answer.key] = answer
        return answers

    def add(self, answer: Answer) -> None:
        """Append one answer; it is in the file when this returns."""
        with self.path.open("a") as file:
            file.write(("\n" if self._torn else "") + json.dumps(asdict(answer)) + "\n")
        self._torn = False


@cache
def engine() -> str:
    """Version, weights, calibrations and a hash of the engine's code; answers of different engines do not compare."""
    folder = Path(alive402.liveness.__file__).parent
    code = b"".join(path.read_bytes() for path in sorted(folder.rglob("*.py")))
    return f"{engine_identity()}.{sha256(code).hexdigest()[:8]}"
