"""Several scorecards as one JSON document: `evalslo.scorecards/1`."""

import json
from collections.abc import Sequence

SCHEMA = "evalslo.scorecards/1"


def join_json(scorecards: Sequence[bytes], *, exit_code: int) -> bytes:
    """The scorecards, each as `to_json` gave it, under one exit code; the same bytes for the same scorecards."""
    parts = [json.loads(scorecard) for scorecard in scorecards]
    text = json.dumps({"schema": SCHEMA, "exit_code": exit_code, "scorecards": parts}, indent=2, allow_nan=False)
    return text.encode("ascii") + b"\n"
