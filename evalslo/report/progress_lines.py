"""Progress where there is no terminal: a line each tenth of the way, and one now and then so that a long run looks alive.

Scoring is commonly over at once, and gets lines only where it is not.
"""

from collections.abc import Callable

from rich.console import Console

from evalslo.model.run import Progress
from evalslo.report import progress_words as words

_TENTHS = 10
_LONGEST_SILENCE_S = 30.0
_LONG_SCORING_S = 2.0


def in_lines(console: Console) -> Callable[[Progress], None]:
    """What prints such lines on `console`; each suite and stage has its own tenths."""
    tenths: dict[tuple[str, str], int] = {}
    told_at: dict[tuple[str, str], float] = {}
    began: dict[tuple[str, str], float] = {}

    def show(progress: Progress) -> None:
        key, now = (progress.suite, progress.stage), console.get_time()
        tenth = _TENTHS * progress.done // progress.planned if progress.planned else _TENTHS
        if now - began.setdefault(key, now) < _LONG_SCORING_S and progress.stage == "score":
            return
        silent = now - told_at.setdefault(key, now) >= _LONGEST_SILENCE_S
        if tenth > tenths.get(key, 0) or silent:
            tenths[key], told_at[key] = tenth, now
            line = _line(progress, encoding=console.encoding)
            console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)

    return show


def _line(progress: Progress, *, encoding: str) -> str:
    parts = [
        f"{words.doing(progress, encoding=encoding)} {words.counted(progress)}",
        words.rate(progress),
        words.left(progress),
        words.waiting(progress),
        words.in_flight(progress),
        words.failed(progress, encoding=encoding),
        words.cost(progress),
    ]
    return ", ".join(part for part in parts if part)
