"""What a suite says of time, for the history: each objective as its budget sees it."""

from collections.abc import Iterator

from msgspec.structs import replace

from evalslo.model.alert import AlertRules
from evalslo.model.budget import BudgetedObjective
from evalslo.model.objective import Objective
from evalslo.model.suite import Suite
from evalslo.model.terms import Terms
from evalslo.slo.alert_presets import PRESETS
from evalslo.slo.orient import good_target


def terms_of(suite: Suite) -> Terms:
    """The terms of a suite whose objectives stand for one slice each."""
    unbudgeted = tuple((one.text, why) for one in suite.objectives if (why := why_no_budget(one)) is not None)
    return Terms(
        service=suite.service or suite.name,
        suite=suite.name,
        alpha=float(suite.gate.alpha),
        objectives=tuple(_budgeted(suite)),
        unbudgeted=unbudgeted,
        alerts=None if suite.alerts is None else with_pairs(suite.alerts),
        policy=suite.policy,
        agreements=suite.agreements,
    )


def why_no_budget(objective: Objective) -> str | None:
    """Why an objective has no error budget, and what would have one; None where it has."""
    if objective.shape == "mean":
        sli, op = objective.sli, objective.op
        return f"a mean has no good and bad events, so no budget; say `{sli} {op} ... for 95% of requests`"
    if good_target(objective) >= 1:
        return "a target of 100 % leaves no budget to spend"
    return None


def with_pairs(rules: AlertRules) -> AlertRules:
    """The rules with the windows that their preset names; as they are where they have windows of their own."""
    return rules if rules.pairs else replace(rules, pairs=PRESETS[rules.preset])


def _budgeted(suite: Suite) -> Iterator[BudgetedObjective]:
    for one in suite.objectives:
        if why_no_budget(one) is None:
            yield BudgetedObjective(
                id=one.id,
                text=one.text,
                sli=str(one.sli),
                target=good_target(one),
                window=suite.window,
                rules=suite.budgeting,
                critical=one.critical,
                tag=None if one.slice is None else str(one.slice),
            )
