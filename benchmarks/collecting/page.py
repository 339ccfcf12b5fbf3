"""Tables of figures, as text and as a page."""

from collections.abc import Sequence
from dataclasses import dataclass

HEAD = """# What collecting costs, and how exact its times are

By `python -m benchmarks.collecting --write` on two shared cores; medians of three runs. Whole processes of
`evalslo run SUITE --quiet`, log, scores and gate included, beside bare loops that ask the same and keep nothing. The endpoint
is a process of its own on the loopback. Walls and processor times depend on the machine; read the ratios. `bare own` is a
stricter rival than `bare aiohttp`: it is this package's client, which costs half. Of a thousand calls that are answered at
once fewer are in flight than allowed, because this process cannot begin them as fast as they are answered.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: a title, a sentence on it, the heads of its columns, rows of text."""

    title: str
    about: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        lines = [self.heads, ["---"] * len(self.heads), *self.rows]
        return "\n".join([f"## {self.title}", "", self.about, "", *(f"| {' | '.join(line)} |" for line in lines)])


def page(tables: Sequence[Table]) -> str:
    return "\n".join([HEAD, *(f"{table.text()}\n" for table in tables)])
