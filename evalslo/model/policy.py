"""Release policy and service level agreements, as the suite writes them, and what they decide."""

from fractions import Fraction
from typing import Literal

from msgspec import Struct

from evalslo.model.window import Window

FixKind = Literal["security", "reliability"]
Action = Literal["warn", "approve", "freeze"]
Outcome = Literal["allow", "warn", "approve", "freeze"]
Measure = Literal["remaining", "burn"]


class Condition(Struct, frozen=True, kw_only=True):
    """`remaining <= 10%` or `burn >= 6 over 6h`. `bound` is a share for `remaining`; `over_s` is set for `burn` only."""

    text: str
    measure: Measure
    op: Literal["<=", ">=", "<", ">"]
    bound: Fraction
    over_s: int | None = None


class PolicyStep(Struct, frozen=True, kw_only=True):
    """What happens to a release while `when` holds for any critical objective."""

    when: Condition
    then: Action
    text: str | None = None


class FreezePeriod(Struct, frozen=True, kw_only=True):
    """A time in which nothing is released. `start` and `end` are seconds since 1970 UTC; `end` is not in it."""

    start: int
    end: int
    reason: str


class Policy(Struct, frozen=True, kw_only=True):
    """When a release is warned about, needs an approval, or is frozen. `on_no_data`: what a budget without data does.

    `exempt` names the kinds of fixes that a freeze by budget lets through, with who and why recorded.
    """

    steps: tuple[PolicyStep, ...] = ()
    freezes: tuple[FreezePeriod, ...] = ()
    on_no_data: Outcome = "freeze"
    exempt: tuple[FixKind, ...] = ()


class Agreement(Struct, frozen=True, kw_only=True):
    """A service level agreement on one objective: looser than the objective, with what is owed when it is missed."""

    objective: str
    target: Fraction
    window: Window
    remedy: str | None = None


class PolicyReason(Struct, frozen=True, kw_only=True):
    """Why a policy decides so: a stable `code`, a sentence, the objective it speaks of (None: the service)."""

    code: Literal["step", "calendar", "no_data", "override", "exempt"]
    text: str
    outcome: Outcome
    objective: str | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """Whether a release may go out. `lifted_by` is the id of the override that let it through; None: none was used."""

    outcome: Outcome
    reasons: tuple[PolicyReason, ...] = ()
    lifted_by: str | None = None
