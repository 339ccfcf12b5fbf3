"""What `evalslo budget` and `evalslo history` show."""

from msgspec import Struct

from evalslo.model.alert import Alert, Threshold
from evalslo.model.budget import ErrorBudget
from evalslo.model.ledger import Override, RunRecord
from evalslo.model.policy import Agreement, Decision


class AgreementBudget(Struct, frozen=True, kw_only=True):
    """A service level agreement, and its own budget over its own window."""

    agreement: Agreement
    budget: ErrorBudget


class ObjectiveBudget(Struct, frozen=True, kw_only=True):
    """One objective: its budget, what its alerts say, the thresholds they use, and the agreement on it where there is one."""

    budget: ErrorBudget
    alerts: tuple[Alert, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    agreement: AgreementBudget | None = None


class BudgetReport(Struct, frozen=True, kw_only=True):
    """The budgets of one suite of one service, from one source in one environment, at `now` (seconds since 1970 UTC).

    `alpha` is how often each one-sided bound may be wrong. `unbudgeted` are objectives without a budget, with why.
    `decision` None: the suite has no policy. `release` None: nobody asked for one, the decision is what it would be.
    """

    service: str
    suite: str
    environment: str | None
    source: str | None
    now: int
    alpha: float
    rows: tuple[ObjectiveBudget, ...]
    unbudgeted: tuple[tuple[str, str], ...] = ()
    decision: Decision | None = None
    release: str | None = None
    overrides: tuple[Override, ...] = ()


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """A run beside the one of the same suite, variant and environment before it.

    `changes` are what differs in what can change a number (`endpoint.model: a -> b`), in the order of the fingerprint; empty
    for the first one.
    """

    run: RunRecord
    changes: tuple[str, ...] = ()


class RunDifference(Struct, frozen=True, kw_only=True):
    """Two runs side by side: what differs in their fingerprints, and each objective in one, the other, or both by its id."""

    before: RunRecord
    after: RunRecord
    changes: tuple[str, ...]
