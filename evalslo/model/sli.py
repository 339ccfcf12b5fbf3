"""Service level indicators: what can be measured of an answer."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

Kind = Literal["rate", "score", "quantity"]
Unit = Literal["s", "tokens", "usd", "/s"]
SpeaksOf = Literal["all", "relevant", "reference", "answerable", "unanswerable"]


class SliSpec(Struct, frozen=True, kw_only=True):
    """What is known of an SLI before anything is measured.

    A *rate* gives 1 or 0 a sample, in the sense of its name (`hallucination` 1: it hallucinated); a *score* lies in [0, 1];
    a *quantity* has a unit. `better` None: either direction makes sense. `on_error` says what a failed call counts as.
    `unproven` marks a scorer that is a screen or a judge: without calibration against people it cannot pass an objective.
    `per_run` marks a figure of the whole run, not of a sample (`throughput`).
    `speaks_of` says which golden queries it applies to, as far as the golden set alone can tell.
    `options` names the keys that the suite's `slis` may give it, with True for the required ones.
    """

    name: str
    what: str
    kind: Kind
    better: Literal["higher", "lower"] | None
    on_error: Literal["bad", "unmeasured"] = "bad"
    unit: Unit | None = None
    takes_k: bool = False
    unproven: bool = False
    per_run: bool = False
    speaks_of: SpeaksOf = "all"
    options: Mapping[str, bool] = field(default_factory=dict)


class Sli(Struct, frozen=True, kw_only=True):
    """One SLI as a suite names it: `precision@5`, `regex:cites`, `latency`. Two of one text have one set of options."""

    name: str
    k: int | None = None
    slug: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sli) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, int | None, str | None]:
        return self.name, self.k, self.slug

    def __str__(self) -> str:
        at = "" if self.k is None else f"@{self.k}"
        return f"{self.name}{at}" if self.slug is None else f"{self.name}{at}:{self.slug}"
