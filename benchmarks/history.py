"""How large a year of history is, and how long a budget takes to read from it.

    python benchmarks/history.py

A year of one-minute slices of 50 SLIs (26 million of them, a job a day feeding a day), of which the minutes of the last 40
days are kept and all hours. Then what `evalslo budget` asks: the median of 15 reads of each, in milliseconds of CPU time.
Prints a Markdown table. Takes a few minutes.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from evalslo.model.budget import BudgetedObjective
from evalslo.model.ledger import Feed, Series, Tally, TimeSlice
from evalslo.model.window import Period, Window
from evalslo.slo.error_budget import error_budget
from evalslo.store.history import History, open_history

DAY_S, MINUTE_S = 86_400, 60
DAYS, SLIS, KEPT_DAYS, READS = 365, 50, 40, 15
BEGAN = 1_767_225_600  # 2026-01-01
NOW = BEGAN + DAYS * DAY_S
WINDOW = Window(text="28d", length_s=28 * DAY_S)
SERIES = [
    Series(service="shop", suite="support", environment=None, objective=f"o{n}", sli="hallucination", source="traces")
    for n in range(SLIS)
]


def day(number: int) -> Feed:
    """A day's minutes of every SLI; one event in fifty is bad."""
    start = BEGAN + number * DAY_S
    slices = tuple(
        TimeSlice(start=start + at * MINUTE_S, width_s=MINUTE_S, tally=Tally(good=49 + at % 2, bad=at % 2))
        for at in range(DAY_S // MINUTE_S)
    )
    return Feed(id=f"day-{number}", source="traces", slices=dict.fromkeys(SERIES, slices))


def fill(history: History) -> float:
    """Median CPU seconds that a day's feed took."""
    took = []
    for number in range(DAYS):
        began = time.process_time()
        history.add_feed(day(number))
        took.append(time.process_time() - began)
        if number % 10 == 0:
            history.compact(before=BEGAN + (number - KEPT_DAYS) * DAY_S)
    history.compact(before=NOW - KEPT_DAYS * DAY_S)
    return statistics.median(took)


def reads(history: History) -> Iterator[tuple[str, Callable[[], object]]]:
    month = Period(start=NOW - 28 * DAY_S, end=NOW)
    yield "28 days of one SLI, by hours", lambda: history.slices(SERIES[0], period=month, minutes=False)
    yield "28 days of one SLI, by minutes", lambda: history.slices(SERIES[0], period=month, minutes=True)
    hour = Period(start=NOW - 3600, end=NOW)
    yield "one hour of one SLI, by minutes", lambda: history.slices(SERIES[0], period=hour, minutes=True)
    year = Period(start=BEGAN, end=NOW)
    yield "the year of one SLI, by hours", lambda: history.slices(SERIES[0], period=year, minutes=False)
    yield "28 days of all 50, by hours", lambda: [history.slices(one, period=month, minutes=False) for one in SERIES]
    objective = BudgetedObjective(id="o0", text="x", sli="hallucination", target=Fraction(95, 100), window=WINDOW)

    def budget() -> object:
        found = history.slices(SERIES[0], period=month, minutes=False)
        return error_budget(objective, found, now=NOW - MINUTE_S, alpha=0.05)

    yield "the error budget of one SLI, with its interval", budget


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "history.db"
        with open_history(where) as history:
            a_day = fill(history)
        print("| what | figure |\n|---|---|")
        print(f"| size of the file after {DAYS} days of {SLIS} SLIs | {where.stat().st_size / 1e6:.0f} MB |")
        print(f"| a day of {SLIS} SLIs fed (72,000 slices) | {a_day:.2f} CPU s |")
        with open_history(where) as history:
            for name, read in reads(history):
                print(f"| {name} | {_median_ms(read):.1f} ms |")
    return 0


def _median_ms(read: Callable[[], object]) -> float:
    took = []
    for _ in range(READS):
        began = time.process_time()
        read()
        took.append((time.process_time() - began) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    sys.exit(main())
