"""What a release policy says of a release: let out, warned about, in need of an approval, or frozen."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from operator import ge, gt, le, lt

from evalslo.model.alert import Burn
from evalslo.model.budget import BudgetedObjective, ErrorBudget
from evalslo.model.ledger import Override
from evalslo.model.policy import Condition, Decision, Outcome, Policy, PolicyReason
from evalslo.slo.burn_rate import lasting

STRICTEST: tuple[Outcome, ...] = ("freeze", "approve", "warn", "allow")
LET_OUT: tuple[Outcome, ...] = ("allow", "warn")
_HOLDS = {"<=": le, ">=": ge, "<": lt, ">": gt}

BurnOf = Callable[[BudgetedObjective, int], Burn]


def decide_release(
    policy: Policy,
    *,
    budgets: Sequence[ErrorBudget],
    burn_of: BurnOf,
    overrides: Sequence[Override],
    release: str | None,
    now: int,
) -> Decision:
    """The strictest of what the policy's steps, its freezes and missing data ask for, unless an override lifts it.

    Only critical objectives count. `burn_of` gives an objective's burn over so many seconds. An override lifts what it says for
    its release alone and while it lasts: one of a kind of fix that the policy exempts lifts what budgets froze, one without a
    kind lifts all.
    """
    critical = [one for one in budgets if one.objective.critical]
    found = [*_calendar(policy, now=now), *_no_data(policy, critical), *_steps(policy, critical, burn_of=burn_of)]
    outcome = _strictest(reason.outcome for reason in found)
    if outcome in LET_OUT or release is None:
        return Decision(outcome=outcome, reasons=tuple(found))
    for override in overrides:
        if override.release != release or not _runs(override, now=now):
            continue
        left = [reason for reason in found if not _lifts(override, reason, policy=policy)]
        rest = _strictest(reason.outcome for reason in left)
        if rest in LET_OUT:
            return Decision(outcome="warn", reasons=(_lifted(override), *found), lifted_by=override.id)
    return Decision(outcome=outcome, reasons=tuple(found))


def strictest(decisions: Sequence[Decision]) -> Decision | None:
    """The decision that allows least; None of none."""
    return min(decisions, key=lambda one: STRICTEST.index(one.outcome), default=None)


def _strictest(outcomes: Iterator[Outcome]) -> Outcome:
    return min(outcomes, key=STRICTEST.index, default="allow")


def _calendar(policy: Policy, *, now: int) -> Iterator[PolicyReason]:
    for freeze in policy.freezes:
        if freeze.start <= now < freeze.end:
            text = f"nothing is released until {_stamp(freeze.end)}: {freeze.reason}"
            yield PolicyReason(code="calendar", text=text, outcome="freeze")


def _no_data(policy: Policy, budgets: Sequence[ErrorBudget]) -> Iterator[PolicyReason]:
    if policy.on_no_data == "allow":
        return
    for one in budgets:
        if one.remaining is None:
            text = (
                f"no event was measured in {one.objective.window.text}, so nobody knows what remains of its budget; feed "
                "its window: evalslo run SUITE --feed SOURCE"
            )
            yield PolicyReason(code="no_data", text=text, outcome=policy.on_no_data, objective=one.objective.id)


def _steps(policy: Policy, budgets: Sequence[ErrorBudget], *, burn_of: BurnOf) -> Iterator[PolicyReason]:
    for step in policy.steps:
        for one in budgets:
            value = _value(step.when, one, burn_of=burn_of)
            if value is not None and _HOLDS[step.when.op](value, step.when.bound):
                text = f"{_said(step.when, value)}: {step.then} at {step.when.text}"
                text = text if step.text is None else f"{text}; {step.text}"
                yield PolicyReason(code="step", text=text, outcome=step.then, objective=one.objective.id)


def _value(when: Condition, budget: ErrorBudget, *, burn_of: BurnOf) -> Fraction | None:
    if when.over_s is None:
        return budget.remaining
    return burn_of(budget.objective, when.over_s).rate


def _said(when: Condition, value: Fraction) -> str:
    if when.over_s is None and value < 0:
        return f"its budget is overspent by {float(-value * 100):.1f} %"
    if when.over_s is None:
        return f"{float(value * 100):.1f} % of its budget remain"
    return f"it burns at {float(value):.3g} over {lasting(when.over_s)}"


def _runs(override: Override, *, now: int) -> bool:
    return _seconds(override.created_at) <= now < _seconds(override.expires_at)


def _lifts(override: Override, reason: PolicyReason, *, policy: Policy) -> bool:
    return override.kind is None or (override.kind in policy.exempt and reason.code != "calendar")


def _lifted(override: Override) -> PolicyReason:
    kind = "" if override.kind is None else f" as a {override.kind} fix"
    text = (
        f"let out{kind} by {override.actor or 'somebody unnamed'} until {_stamp(_seconds(override.expires_at))}: "
        f"{override.reason}"
    )
    return PolicyReason(code="override" if override.kind is None else "exempt", text=text, outcome="warn")


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def _stamp(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
