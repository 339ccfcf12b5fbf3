"""What changed from one run to the next, of all that can change a number."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalslo.model.budget_report import HistoryEntry, RunDifference
from evalslo.model.ledger import RunRecord

MOST_CHARACTERS = 60
_ABSENT = object()


def history_entries(runs: Sequence[RunRecord]) -> tuple[HistoryEntry, ...]:
    """Each run, newest first as they came, beside the one of the same suite, variant and environment before it."""
    later: dict[tuple[str, str | None, str | None], int] = {}
    changes: list[tuple[str, ...]] = [()] * len(runs)
    for place, run in enumerate(runs):
        kind = (run.suite, run.variant, run.environment)
        if kind in later:
            newer = runs[later[kind]]
            changes[later[kind]] = differences(run.fingerprint, newer.fingerprint)
        later[kind] = place
    return tuple(HistoryEntry(run=run, changes=found) for run, found in zip(runs, changes, strict=True))


def difference(before: RunRecord, after: RunRecord) -> RunDifference:
    """Two runs side by side."""
    return RunDifference(before=before, after=after, changes=differences(before.fingerprint, after.fingerprint))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """`endpoint.model: a -> b` for each thing that differs, in the order of the names."""
    return tuple(_differences(before, after, path=""))


def _differences(before: object, after: object, *, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(before.get(key, _ABSENT), after.get(key, _ABSENT), path=inner)
    elif before is _ABSENT:
        yield f"{path}: {_said(after)} is new"
    elif after is _ABSENT:
        yield f"{path}: {_said(before)} is gone"
    else:
        yield f"{path}: {_said(before)} -> {_said(after)}"


def _said(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    text = text[:19] if text.startswith("sha256:") else text
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."
