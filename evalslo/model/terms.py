"""What a suite says of time: windows, budgets, alerts, policy, agreements. Kept with the history, which can be read alone."""

from msgspec import Struct

from evalslo.model.alert import AlertRules
from evalslo.model.budget import BudgetedObjective
from evalslo.model.policy import Agreement, Policy


class Terms(Struct, frozen=True, kw_only=True):
    """Of one suite of one service. `objectives` have a budget; `unbudgeted` are the texts of the others, with why.

    `alpha` is how often each one-sided bound may be wrong. `alerts` None: the suite wants none. `policy` None: nothing is ever
    frozen.
    """

    service: str
    suite: str
    alpha: float = 0.05
    objectives: tuple[BudgetedObjective, ...] = ()
    unbudgeted: tuple[tuple[str, str], ...] = ()
    alerts: AlertRules | None = None
    policy: Policy | None = None
    agreements: tuple[Agreement, ...] = ()
