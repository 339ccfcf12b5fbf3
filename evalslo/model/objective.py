"""Service level objectives: an SLI, a comparison and a target, exact to the last digit."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

from evalslo.model.sli import Sli, Unit

Op = Literal[">=", "<="]
Shape = Literal["event_ratio", "mean"]
OnInconclusive = Literal["block", "warn"]


class Place(Struct, frozen=True, kw_only=True):
    """Where in a file something stands; `line` counts from 1."""

    file: str
    line: int


class Event(Struct, frozen=True, kw_only=True):
    """What makes a sample a good event: its value `op` `value` (in `unit`), per request or with all repeats of a query."""

    op: Op
    value: Fraction
    unit: Unit | None
    of: Literal["requests", "queries"]


class Slice(Struct, frozen=True, kw_only=True):
    """The golden queries whose tag `tag` (or `language`) has the value `value`."""

    tag: str
    value: str

    def __str__(self) -> str:
        return f"{self.tag}={self.value}"


class Objective(Struct, frozen=True, kw_only=True):
    """One objective. `target` lies in [0, 1] for an event ratio and for a score's mean; else it is in the SLI's `unit`.

    `event` is None for a rate (the SLI itself says good or bad) and for a mean. `quantile` in (0, 1) is set where the text
    said `pNN`. `unit` is None but for the mean of a quantity. `alpha` is one-sided. `per` names the tag whose every value
    must hold by itself; such an objective becomes one of each value, with its `slice` set and `per` None. An objective's
    identity in history is `id`, not its text.
    """

    id: str
    text: str
    sli: Sli
    op: Op
    target: Fraction
    shape: Shape
    alpha: Fraction
    critical: bool = True
    on_inconclusive: OnInconclusive = "block"
    event: Event | None = None
    quantile: Fraction | None = None
    unit: Unit | None = None
    place: Place | None = None
    per: str | None = None
    slice: Slice | None = None
