"""The figures beside those that the methods were chosen by, from other programs, other seeds and in part other data."""

import json
import math
from pathlib import Path

from benchmarks.coverage.document import Measured, decimals

EXPECTED = Path(__file__).with_name("expected.json")


def differences(measured: Measured) -> tuple[list[str], int]:
    """One line a figure that lies off by more than three standard errors of both and the rounding, and how many."""
    lines, compared, off = [], 0, 0
    for key, wanted in json.loads(EXPECTED.read_text(encoding="utf-8"))["cells"].items():
        for name, value in wanted["figures"].items():
            found = measured.get(key, name) if measured.has(key) else None
            if found is None:
                lines.append(f"{key}  {name}: not measured")
                continue
            compared += 1
            theirs = math.sqrt(max(value * (1 - value), 0.01) / wanted["rounds"]) if wanted["rounds"] else 0.0
            room = 3 * math.hypot(found.se or 0.0, theirs) + _rounding(value)
            if abs(found.value - value) > room:
                off += 1
                lines.append(f"{key}  {name}: {decimals(found.value)}, there {decimals(value)} (room {decimals(room)})")
    return [*lines, f"{compared} figures compared, {off} differ"], off


def _rounding(value: float) -> float:
    """Half of the last place that was written, and a little."""
    if value > 1:
        return 0.51
    return 0.0051 if round(value, 2) == value and 0 < value < 1 else 0.00051
