"""Burn-rate alerts: the windows they look at, and what they say."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

Severity = Literal["page", "ticket"]
AlertState = Literal["ok", "suspected", "firing", "no_data"]
OnNoData = Literal["alert", "hold"]


class BurnPair(Struct, frozen=True, kw_only=True):
    """A long and a short window that must both burn too fast. `budget` is the share of it that is spent when it fires.

    The factor is never stored: it is `budget` times the objective's window over `long_s` (Sloth's AlertWindows).
    """

    severity: Severity
    name: Literal["quick", "slow"]
    budget: Fraction
    long_s: int
    short_s: int


class AlertRules(Struct, frozen=True, kw_only=True):
    """Which pairs are looked at, every `cadence_s` seconds. `on_no_data`: whether no events are an alert of their own, or
    only hold the state that was.
    """

    preset: str
    pairs: tuple[BurnPair, ...]
    cadence_s: int = 3600
    on_no_data: OnNoData = "alert"


class Burn(Struct, frozen=True, kw_only=True):
    """How fast a budget burns over `over_s` seconds: 1 spends all of it in a whole window.

    `rate` is None where no event was measured; `lower` and `upper` (one-sided bounds) also where nobody asked for them.
    """

    over_s: int
    n: int
    bad: int
    rate: Fraction | None
    lower: float | None
    upper: float | None


class Threshold(Struct, frozen=True, kw_only=True):
    """A pair as it is used for one objective: it fires at a burn of `factor` over both windows.

    `derived` is set where the pair as written could never fire at this target (a burn cannot exceed 1 / (1 - target)): then
    `pair` has longer windows that spend the same share of the budget, and `derived` says so in a sentence.
    """

    pair: BurnPair
    factor: Fraction
    derived: str | None = None


class Alert(Struct, frozen=True, kw_only=True):
    """What one pair says of one objective. `since` is when this state began, seconds since 1970 UTC.

    `firing`: the lower bounds of both burns exceed the factor. `suspected`: both burns do, but few events could do that by
    chance. `no_data`: nothing was measured in the long window, and the rules make that an alert; a state that is held keeps
    its name and has `held` set.
    """

    objective: str
    threshold: Threshold
    state: AlertState
    since: int
    long: Burn
    short: Burn
    held: bool = False
