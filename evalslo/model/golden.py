"""What is asked: golden queries with what is known about their right answers."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class Context(Struct, frozen=True, kw_only=True):
    """A passage that an answer may rest on. `score` is the retriever's, higher first; None where it gave none."""

    id: str
    text: str
    score: float | None = None


class Message(Struct, frozen=True, kw_only=True):
    """One turn of a conversation; `role` is system, user or assistant."""

    role: str
    content: str


class GoldenQuery(Struct, frozen=True, kw_only=True):
    """One golden query: the unit of independence, unless `group` says that rows belong together.

    `query` is never empty; where the row has `messages` it is the last user turn. `reference` holds the acceptable answers,
    any of them right. `relevant` maps document ids to grades >= 0 (grade > 0 is relevant); None where the row says nothing
    about relevance. `contexts` is None where the row has none. `answerable` None: not said.
    `weight` is how much of the traffic the query stands for, relative to the others; None where no row says so.
    `fields` keeps the row's other columns, for prompts and request bodies.
    """

    id: str
    query: str
    messages: tuple[Message, ...] = ()
    reference: tuple[str, ...] = ()
    contexts: tuple[Context, ...] | None = None
    relevant: Mapping[str, int] | None = None
    group: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    answerable: bool | None = None
    weight: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def cluster(self) -> str:
        """The name of the independent unit that this query belongs to."""
        return f"group:{self.group}" if self.group is not None else f"query:{self.id}"


class GoldenSet(Struct, frozen=True, kw_only=True):
    """Golden queries in file order, ids unique. `digest` is `sha256:...` over their content, not over the file's bytes."""

    queries: tuple[GoldenQuery, ...]
    digest: str
    source: str
