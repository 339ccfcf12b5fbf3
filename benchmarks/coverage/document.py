"""Measured figures as Markdown tables, and the tables into the marked places of a page."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.coverage.cells import ALPHA, Figure


@dataclass(frozen=True)
class Measured:
    """The figures of every cell that ran, and its rounds."""

    figures: Mapping[str, Mapping[str, Figure]]
    rounds: Mapping[str, int]

    def has(self, key: str) -> bool:
        return key in self.figures

    def get(self, key: str, name: str) -> Figure | None:
        return self.figures[key].get(name)

    def error(self, key: str, name: str) -> str:
        """A share, bold where it exceeds alpha by more than two standard errors."""
        figure = self.get(key, name)
        if figure is None:
            return "-"
        text = decimals(figure.value)
        return f"**{text}**" if figure.value > float(ALPHA) + 2 * (figure.se or 0.0) + 1e-9 else text

    def errors(self, key: str, method: str) -> str:
        return f"{self.error(key, f'{method}.pass')} / {self.error(key, f'{method}.fail')}"

    def plain(self, key: str, name: str, digits: int = 3) -> str:
        figure = self.get(key, name)
        return "-" if figure is None else decimals(figure.value, digits)

    def both(self, key: str, method: str) -> str:
        return f"{self.plain(key, f'{method}.pass')} / {self.plain(key, f'{method}.fail')}"

    def whole(self, key: str, name: str) -> str:
        figure = self.get(key, name)
        return "-" if figure is None else f"{figure.value:,.0f}"

    def noise(self, key: str, names: Iterable[str] = ()) -> str:
        """The largest standard error among the shares of a row."""
        wanted = tuple(names)
        found = [
            figure.se
            for name, figure in self.figures[key].items()
            if (name in wanted if wanted else name.endswith((".pass", ".fail")))
        ]
        known = [se for se in found if se is not None]
        return f"≤ {decimals(max(known))}" if known else "exact"


def decimals(value: float, digits: int = 3) -> str:
    """.050 for 0.05: how statisticians' tables write a share."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_blocks(page: Path, blocks: Mapping[str, str]) -> list[str]:
    """Replaces what stands between `<!-- coverage: table NAME -->` and `<!-- /coverage -->`; the names that were found.

    A marker without its end, or with a name that no table has, is an error: nothing is written then.
    """
    text = page.read_text(encoding="utf-8")
    names = re.findall(r"<!-- coverage: table (\S+) -->", text)
    unknown = [name for name in names if name not in blocks]
    if unknown:
        raise SystemExit(f"{page}: no table is called {', '.join(unknown)}; there are {', '.join(sorted(blocks))}")
    pattern = r"(<!-- coverage: table (\S+) -->\n)(?:(?!<!-- coverage:).)*?(<!-- /coverage -->)"
    text, count = re.subn(pattern, lambda m: f"{m[1]}\n{blocks[m[2]]}\n\n{m[3]}", text, flags=re.DOTALL)
    if count != len(names):
        raise SystemExit(
            f"{page}: {len(names)} markers and {count} ends; wanted a '<!-- /coverage -->' after each table"
        )
    page.write_text(text, encoding="utf-8")
    return names
