"""What is said of a run under way, in parts that a page arranges as it has room; "" where there is nothing to say."""

import math
from collections.abc import Mapping

from evalslo.model.run import Progress
from evalslo.report.failed_calls import class_words, most_frequent
from evalslo.report.figures import amount, lasting
from evalslo.report.safe_text import plain

_DOING = {"collect": "asking", "judge": "judging", "score": "scoring"}
_NAME_CELLS = 24
_MOST_CLASSES = 3


def doing(progress: Progress, *, encoding: str, width: int = _NAME_CELLS) -> str:
    """Which suite, and what it is at: `support-rag: asking`."""
    return f"{plain(progress.suite, width=max(width, 1), encoding=encoding)}: {_DOING[progress.stage]}"


def counted(progress: Progress) -> str:
    """`1,240/5,000`."""
    return f"{progress.done:,}/{progress.planned:,}"


def left(progress: Progress) -> str:
    """`24 s left`."""
    known = progress.left_s is not None and math.isfinite(progress.left_s)
    return f"{lasting(progress.left_s or 0.0)} left" if known else ""


def waiting(progress: Progress) -> str:
    """`waiting 12 s (rate limit)`."""
    if not progress.waiting_s:
        return ""
    wait = "< 1 s" if progress.waiting_s < 1 else lasting(progress.waiting_s)
    return f"waiting {wait} (rate limit)"


def in_flight(progress: Progress) -> str:
    """`48 of 64 in flight`, where the allowance changes; else `48 in flight`."""
    of = "" if progress.allowed is None else f" of {progress.allowed:,}"
    return f"{progress.in_flight:,}{of} in flight" if progress.in_flight or progress.allowed else ""


def rate(progress: Progress) -> str:
    """`312/s`."""
    return f"{amount(progress.rate_per_s, unit=None)}/s" if progress.rate_per_s else ""


def cost(progress: Progress) -> str:
    """`cost 0.310 usd`."""
    return "" if progress.cost_usd is None else f"cost {amount(progress.cost_usd, unit='usd')}"


def failed(progress: Progress, *, encoding: str, classes: int = _MOST_CLASSES) -> str:
    """`7 failed (429 rate limit 5, timeout 1, other 1)`, with the most frequent `classes`."""
    if not progress.errors:
        return ""
    told = [
        f"{class_words(kind, encoding=encoding)} {number:,}"
        for kind, number in most_frequent(progress.by_class)[:classes]
    ]
    return f"{progress.errors:,} failed" + (
        f" ({', '.join([*told, *_other(progress.by_class, classes)])})" if told else ""
    )


def _other(by_class: Mapping[str, int], classes: int) -> list[str]:
    rest = sum(number for _, number in most_frequent(by_class)[classes:])
    return [f"other {rest:,}"] if rest else []
