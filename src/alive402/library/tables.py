"""Answers as rows of a table, for pandas and others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from alive402.errors import CodedError
from alive402.library.judging import Outcome
from alive402.liveness import ImageReport, Report

if TYPE_CHECKING:
    import pandas as pd


def to_rows(answers: Iterable[Outcome | Report | ImageReport]) -> list[dict[str, Any]]:
    """One flat row for each answer: verdict, confidence, quality, facts of the file, scores of the cues, the error."""
    return [_row(one if isinstance(one, Outcome) else Outcome(None, one)) for one in answers]


def to_pandas(answers: Iterable[Outcome | Report | ImageReport]) -> pd.DataFrame:
    """Answers as a DataFrame, with the columns of `to_rows`: `to_pandas(analyze_many(paths))`.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_pandas needs pandas. Run: pip install 'alive402[pandas]'", name="pandas") from error
    return pd.DataFrame(to_rows(answers))


def _row(one: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"source": one.source if isinstance(one.source, str) else _name_of(one.source)}
    if one.report is not None:
        whole = one.report.to_dict()
        row |= {name: whole[name] for name in ("verdict", "live_confidence", "threshold", "attack_type")}
        row["reasons"] = " ".join(reason["code"] for reason in whole["reasons"])
        row |= {f"face_{name}": value for name, value in whole["faces"][0].items() if name == "rect"}
        row["face_confidence"] = whole["faces"][0]["face_confidence"]
        row |= {name: value for name, value in whole["quality"].items() if name != "warnings"}
        row["warnings"] = " ".join(warning["code"] for warning in whole["quality"]["warnings"])
        row |= whole.get("video") or whole["image"]
        row["judged_in"] = whole["timing"]["total"]
        for name, cue in whole.get("cues", {}).items():
            row[f"cue_{name}"] = cue["score"]
            row[f"value_{name}"] = cue["value"]
    if one.error is not None:
        row["code"] = one.error.code if isinstance(one.error, CodedError) else "file_unreadable"
        row["message"] = str(one.error)
    return row


def _name_of(source: Any) -> str | None:
    """A path as text; the other sources have no name."""
    return str(source) if hasattr(source, "__fspath__") else None
