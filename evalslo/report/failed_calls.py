"""Failed calls in words that people know, and the table of them under a scorecard."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.text import Text

from evalslo.model.sample import ErrorClass
from evalslo.model.scorecard import Scorecard
from evalslo.report.figures import share
from evalslo.report.paper import Paper, hanging, labelled, said
from evalslo.report.safe_text import plain

_MOST_CLASSES = 8
_MOST_LINES = 2  # of what one of them said
_LEAST_ROOM = 24  # cells that an example needs beside its row
_GAP = "  "
_CLASSES = {
    ErrorClass.DNS: "host name not found",
    ErrorClass.REFUSED: "no connection (refused)",
    ErrorClass.TLS: "no TLS connection",
    ErrorClass.PROXY: "proxy failed",
    ErrorClass.RESET: "connection broken",
    ErrorClass.TRANSPORT: "connection failed",
    ErrorClass.CONNECT_TIMEOUT: "connect timeout",
    ErrorClass.FIRST_TOKEN_TIMEOUT: "first token timeout",
    ErrorClass.IDLE_TIMEOUT: "idle timeout",
    ErrorClass.TIMEOUT: "timeout",
    ErrorClass.RATE_LIMIT: "429 rate limit",
    ErrorClass.CLIENT: "4xx client error",
    ErrorClass.SERVER: "5xx server error",
    ErrorClass.MALFORMED: "malformed response",
    ErrorClass.TRUNCATED: "stream cut short",
    ErrorClass.TOO_LARGE: "response too large",
    ErrorClass.EMPTY: "empty answer",
    ErrorClass.FILTERED: "content filter",
    ErrorClass.EXCEPTION: "Python exception",
    ErrorClass.NOT_RECORDED: "not in the recording",
}
_WORDS = {kind.value: words for kind, words in _CLASSES.items()}


def class_words(kind: str, *, encoding: str) -> str:
    """An error class in words; one that is not known, from a file of another version, by its name."""
    return _WORDS.get(kind) or plain(kind, width=24, encoding=encoding).replace("_", " ")


def most_frequent(errors: Mapping[str, int]) -> list[tuple[str, int]]:
    """Classes with their counts, the most frequent first, those of one count by name."""
    return sorted(errors.items(), key=lambda item: (-item[1], item[0]))


def failed_calls(paper: Paper, scorecard: Scorecard) -> list[Text]:
    """A line a class with its count, its share of the calls, and what the first of them said; nothing where none failed."""
    if not scorecard.errors:
        return []
    usage, failed = scorecard.usage, sum(scorecard.errors.values())
    asked = usage.calls - usage.retries + usage.cached  # each query and repeat once
    page = labelled(paper, "errors", [Text(f"{failed:,} of {asked:,} calls failed", style="bold")])
    found = most_frequent(scorecard.errors)
    told = found[:_MOST_CLASSES]
    heads = _heads(paper, told, asked=asked)
    for (kind, _), head in zip(told, heads, strict=True):
        page += _row(paper, head, example=said(paper, scorecard.error_examples.get(kind, "")))
    more = len(found) - len(told)
    if more:
        page += labelled(paper, "", [Text(f"and {more} more {'kind' if more == 1 else 'kinds'}", style="dim")])
    return page


def _heads(paper: Paper, errors: Sequence[tuple[str, int]], *, asked: int) -> list[str]:
    """The words, count and share of each class in columns; a page without room for all three has no shares."""
    names = [class_words(kind, encoding=paper.encoding) for kind, _ in errors]
    counts = [f"{number:,}" for _, number in errors]
    shares = [share(number / asked) if number <= asked else paper.signs.none for _, number in errors]
    widths = [max(map(cell_len, column)) for column in (names, counts, shares)]
    rows = [
        [name + " " * (widths[0] - cell_len(name)), count.rjust(widths[1]), part.rjust(widths[2])]
        for name, count, part in zip(names, counts, shares, strict=True)
    ]
    fits = paper.gutter + sum(widths) + 2 * len(_GAP) < paper.width
    return [_GAP.join(row if fits else row[:2]) for row in rows]


def _row(paper: Paper, head: str, *, example: str) -> list[Text]:
    """The example beside the numbers, or below them where the page is narrow."""
    beside = paper.gutter + cell_len(head) + len(_GAP)
    body = Text(example, style="dim")
    if beside + _LEAST_ROOM <= paper.width:
        return hanging(paper, Text(" " * paper.gutter + head), body, indent=beside, lines=_MOST_LINES)
    below = hanging(paper, "", body, indent=paper.gutter + len(_GAP), lines=_MOST_LINES) if example else []
    return labelled(paper, "", [Text(head)]) + below
