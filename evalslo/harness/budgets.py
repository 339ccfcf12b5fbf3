"""The history in, budgets out: windows, error budgets, burn rates, alerts, and whether the policy allows a release."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from evalslo.errors import MeasurementError
from evalslo.model.alert import Alert, AlertRules, Burn
from evalslo.model.budget import BudgetedObjective, ErrorBudget
from evalslo.model.budget_report import AgreementBudget, BudgetReport, ObjectiveBudget
from evalslo.model.ledger import Override, Series, TimeSlice
from evalslo.model.policy import Agreement, Decision
from evalslo.model.terms import Terms
from evalslo.model.window import Period
from evalslo.slo.alerts import alerts, looked_back_s
from evalslo.slo.burn_rate import burn, thresholds
from evalslo.slo.error_budget import error_budget
from evalslo.slo.forecast import with_forecast
from evalslo.slo.policy import decide_release
from evalslo.slo.windows import length_s, period_of
from evalslo.store.history import History, KeptTerms

DAY_S = 86_400
STRICTEST = ("freeze", "approve", "warn", "allow")
NOT_LET_OUT = ("freeze", "approve")


class Whose(Struct, frozen=True, kw_only=True, order=True):
    """Whose events are looked at: one source in one environment. `source` None: nobody has fed any."""

    environment: str | None
    source: str | None


def reports(
    history: History,
    *,
    service: str | None,
    environment: str | None,
    source: str | None,
    release: str | None,
    now: int,
) -> tuple[BudgetReport, ...]:
    """One report a suite, environment and source, in that order; None stands for each there is.

    Raises MeasurementError where the history has none of these.
    """
    found = [
        budget_report(history, kept.terms, whose=whose, now=now, release=release)
        for kept in history.terms(service=service)
        if environment in (None, kept.environment)
        for whose in _shown(history, kept, source=source)
    ]
    if not found:
        known = ", ".join(history.services()) or "none yet"
        asked = "any service" if service is None else f"service {service!r}"
        raise MeasurementError(
            f"no run of {asked} is in the history (known: {known}); evalslo run SUITE --feed SOURCE begins one"
        )
    return tuple(found)


def _shown(history: History, kept: KeptTerms, *, source: str | None) -> tuple[Whose, ...]:
    """Whose budgets are shown; nobody's where any would do and nobody fed one: that there is no data is worth a page."""
    found = sources_of(history, kept.terms, environment=kept.environment, source=source)
    return found or ((Whose(environment=kept.environment, source=None),) if source is None else ())


def budget_report(
    history: History, terms: Terms, *, whose: Whose, now: int, release: str | None = None
) -> BudgetReport:
    """The budgets of a suite's objectives from one source, at `now` (seconds since 1970 UTC)."""
    desk = _Desk(history, terms, whose=whose, now=now)
    rows = tuple(desk.row(one) for one in terms.objectives)
    overrides = history.overrides(service=terms.service)
    return BudgetReport(
        service=terms.service,
        suite=terms.suite,
        environment=whose.environment,
        source=whose.source,
        now=now,
        alpha=terms.alpha,
        rows=rows,
        unbudgeted=terms.unbudgeted,
        decision=desk.decision([row.budget for row in rows], overrides=overrides, release=release),
        release=release,
        overrides=tuple(one for one in overrides if one.environment == whose.environment),
    )


def minutes_needed_s(history: History) -> int:
    """How long minutes are needed: the longest window of any suite, and what its alerts look back."""
    needed = 0
    for kept in history.terms():
        for one in kept.terms.objectives:
            rules = kept.terms.alerts
            needed = max(needed, length_s(one.window), 0 if rules is None else looked_back_s(one, rules))
    return needed


def series_of(terms: Terms, objective: BudgetedObjective, *, whose: Whose) -> Series:
    """The series of an objective's events. Raises ValueError where nobody fed any."""
    if whose.source is None:
        raise ValueError("events that nobody fed are of no series")
    return Series(
        service=terms.service,
        suite=terms.suite,
        environment=whose.environment,
        objective=objective.id,
        sli=objective.sli,
        source=whose.source,
        tag=objective.tag,
    )


def sources_of(
    history: History, terms: Terms, *, environment: str | None, source: str | None = None
) -> tuple[Whose, ...]:
    """Who has fed events of this suite in this environment, by name; of `source` alone where it is given."""
    spans = history.spans(service=terms.service, suite=terms.suite, environment=environment, source=source)
    found = sorted({span.series.source for span in spans})
    return tuple(Whose(environment=environment, source=one) for one in found)


def release_decision(
    history: History, terms: Terms, *, environment: str | None, source: str | None, release: str, now: int
) -> Decision | None:
    """The strictest of what the policy says of each source's budgets; of `source` alone where it is given.

    None where the suite has no policy.
    """
    if terms.policy is None:
        return None
    decisions = []
    nobody = Whose(environment=environment, source=source)
    for whose in sources_of(history, terms, environment=environment, source=source) or (nobody,):
        desk = _Desk(history, terms, whose=whose, now=now)
        budgets = [desk.budget(one) for one in terms.objectives]
        decisions.append(desk.decision(budgets, overrides=history.overrides(service=terms.service), release=release))
    return strictest([one for one in decisions if one is not None])


def strictest(decisions: Sequence[Decision]) -> Decision | None:
    """The decision that allows least; None of none."""
    return min(decisions, key=lambda one: STRICTEST.index(one.outcome), default=None)


class _Desk:
    """One suite's terms beside one source's events."""

    def __init__(self, history: History, terms: Terms, *, whose: Whose, now: int) -> None:
        self._history, self._terms, self._whose, self._now = history, terms, whose, now

    def row(self, objective: BudgetedObjective) -> ObjectiveBudget:
        rules = self._terms.alerts
        agreement = next((one for one in self._terms.agreements if one.objective == objective.id), None)
        return ObjectiveBudget(
            budget=self.budget(objective),
            alerts=() if rules is None else self._alerts(objective, rules),
            thresholds=() if rules is None else thresholds(objective, rules),
            agreement=None if agreement is None else self._agreement(objective, agreement),
        )

    def budget(self, objective: BudgetedObjective) -> ErrorBudget:
        period = period_of(objective.window, now=self._now)
        minutes = objective.rules.method != "occurrences"
        slices = self._slices(objective, period, minutes=minutes)
        found = error_budget(objective, slices, now=self._now, alpha=self._terms.alpha)
        return with_forecast(found, self.burn(objective, DAY_S), now=self._now)

    def burn(self, objective: BudgetedObjective, over_s: int) -> Burn:
        period = Period(start=self._now - over_s, end=self._now)
        slices = self._slices(objective, period, minutes=True)
        return burn(objective, slices, end=self._now, over_s=over_s, alpha=self._terms.alpha)

    def decision(
        self, budgets: Sequence[ErrorBudget], *, overrides: Sequence[Override], release: str | None
    ) -> Decision | None:
        if self._terms.policy is None:
            return None
        return decide_release(
            self._terms.policy,
            budgets=budgets,
            burn_of=self.burn,
            overrides=[one for one in overrides if one.environment == self._whose.environment],
            release=release,
            now=self._now,
        )

    def _alerts(self, objective: BudgetedObjective, rules: AlertRules) -> tuple[Alert, ...]:
        since = self._now - looked_back_s(objective, rules)
        slices = self._slices(objective, Period(start=since, end=self._now), minutes=True)
        return alerts(objective, rules, slices, now=self._now, alpha=self._terms.alpha)

    def _agreement(self, objective: BudgetedObjective, agreement: Agreement) -> AgreementBudget:
        owed = replace(objective, target=agreement.target, window=agreement.window)
        return AgreementBudget(agreement=agreement, budget=self.budget(owed))

    def _slices(self, objective: BudgetedObjective, period: Period, *, minutes: bool) -> Sequence[TimeSlice]:
        if self._whose.source is None:
            return ()
        series = series_of(self._terms, objective, whose=self._whose)
        return self._history.slices(series, period=period, minutes=minutes)
