"""A gated run into the history, and what the release policy says of it then."""

from msgspec.structs import asdict, replace

from evalslo.errors import MeasurementError
from evalslo.harness.begin import Asked, Begun, Door, Origin, OverrideAsked
from evalslo.harness.budgets import NOT_LET_OUT, Whose, release_decision, series_of
from evalslo.harness.counted_events import CountedEvents
from evalslo.harness.overrides import override_of
from evalslo.model.ledger import Feed, KeptRow, Override, RunRecord
from evalslo.model.policy import Decision
from evalslo.model.run import Manifest
from evalslo.model.scorecard import ObjectiveResult, Reason, Scorecard, Verdict
from evalslo.model.suite import Suite
from evalslo.model.terms import Terms
from evalslo.slo.decide import EXIT_CODES
from evalslo.slo.terms import terms_of
from evalslo.store.history import History, open_history


def remember(
    suite: Suite, begun: Begun, scorecard: Scorecard, *, door: Door, asked: Asked, counted: CountedEvents | None
) -> Scorecard:
    """The scorecard, with what the policy says of its release, once the run is in the history.

    `counted` are the run's events by minute; None: it feeds no window. A history that cannot be written is told; it is an
    ERROR only for a run that was to feed a window or to be released. A run that was ended early feeds nothing.
    """
    named = replace(scorecard, release=begun.manifest.release, environment=begun.manifest.environment)
    if door.history is None:
        return named
    try:
        with open_history(door.history) as history:
            return _Entry(history, terms_of(suite), begun.manifest, door=door, asked=asked).made(named, counted=counted)
    except MeasurementError as fault:
        if asked.feed is None and asked.release is None:
            door.tell(f"this run is not in the history: {fault}")
            return named
        return _not_recorded(named, fault)


class _Entry:
    """One run's entry in the history."""

    def __init__(self, history: History, terms: Terms, manifest: Manifest, *, door: Door, asked: Asked) -> None:
        self._history, self._terms, self._manifest = history, terms, manifest
        self._door, self._asked = door, asked

    def made(self, scorecard: Scorecard, *, counted: CountedEvents | None) -> Scorecard:
        """The scorecard with what the policy says of its release, once run and events are kept."""
        record = record_of(scorecard, self._manifest, origin=self._door.origin, source=self._asked.feed)
        feed = None if counted is None else self._feed(counted)
        recorded = self._history.add(record, terms=self._terms, feed=feed)
        if feed is not None and not recorded.fed:
            self._door.tell(f"source {feed.source!r} has events of {feed.id!r} already: nothing was counted twice")
        decided = self._decided(scorecard)
        if decided.verdict is not scorecard.verdict:
            frozen = replace(record, verdict=decided.verdict, exit_code=decided.exit_code)
            self._history.add(frozen, terms=None, feed=None)
        return decided

    def _decided(self, scorecard: Scorecard) -> Scorecard:
        if (release := self._asked.release) is None:
            return scorecard
        now = int(self._door.clock().timestamp())
        if self._asked.override is not None:
            self._history.add_override(self._override(self._asked.override, release=release, now=now))
        decision = release_decision(
            self._history,
            self._terms,
            environment=self._manifest.environment,
            source=self._asked.feed,
            release=release,
            now=now,
        )
        return scorecard if decision is None else with_release(scorecard, decision)

    def _override(self, wish: OverrideAsked, *, release: str, now: int) -> Override:
        return override_of(
            wish,
            service=self._terms.service,
            environment=self._manifest.environment,
            release=release,
            origin=self._door.origin,
            now=now,
        )

    def _feed(self, counted: CountedEvents) -> Feed | None:
        """The counted events under their series; None where the run was ended early, and feeds nothing."""
        source = self._asked.feed
        if source is None:
            return None
        if self._manifest.finished_at is None:
            self._door.tell(f"a run that was ended early feeds no window; go on with it: --resume --feed {source}")
            return None
        whose = Whose(environment=self._manifest.environment, source=source)
        slices = {series_of(self._terms, one, whose=whose): counted.slices_of(one.id) for one in self._terms.objectives}
        return Feed(id=self._asked.feed_id or self._manifest.run_id, source=source, slices=slices)


def with_release(scorecard: Scorecard, decision: Decision) -> Scorecard:
    """The scorecard with the policy's decision: FROZEN where it forbids a release that was not missed and was measured."""
    decided = replace(scorecard, freeze=decision)
    if decision.outcome not in NOT_LET_OUT or scorecard.exit_code in (1, 4):
        return decided
    why = [Reason(code=f"policy_{one.code}", text=one.text, objective=one.objective) for one in decision.reasons]
    return replace(
        decided,
        verdict=Verdict.FROZEN,
        exit_code=EXIT_CODES[Verdict.FROZEN],
        reasons=(*why, *scorecard.reasons),
    )


def _not_recorded(scorecard: Scorecard, fault: MeasurementError) -> Scorecard:
    """A run that should have fed a window, or asked the policy, and could not: ERROR, unless a miss was shown."""
    why = Reason(code="history", text=f"the history cannot be used: {fault}; the run itself is kept")
    if scorecard.verdict is Verdict.FAIL:
        return replace(scorecard, reasons=(*scorecard.reasons, why))
    return replace(
        scorecard,
        verdict=Verdict.ERROR,
        exit_code=EXIT_CODES[Verdict.ERROR],
        reasons=(why, *scorecard.reasons),
    )


def record_of(scorecard: Scorecard, manifest: Manifest, *, origin: Origin, source: str | None) -> RunRecord:
    """The run as the history keeps it."""
    return RunRecord(
        run_id=manifest.run_id,
        suite=manifest.suite,
        service=manifest.service or manifest.suite,
        environment=manifest.environment,
        release=manifest.release,
        variant=manifest.variant,
        source=source,
        verdict=scorecard.verdict,
        exit_code=scorecard.exit_code,
        started_at=manifest.started_at,
        finished_at=manifest.finished_at,
        version=manifest.version,
        fingerprint=asdict(scorecard.fingerprint),
        objectives=tuple(_row(row) for row in scorecard.objectives),
        commit=origin.commit,
        actor=origin.actor,
    )


def _row(row: ObjectiveResult) -> KeptRow:
    found = row.estimate
    return KeptRow(
        id=row.objective.id,
        text=row.objective.text,
        critical=row.objective.critical,
        verdict=row.verdict,
        target=float(row.objective.target),
        estimate=None if found is None else found.estimate,
        lower=None if found is None else found.lower,
        upper=None if found is None else found.upper,
        n=row.counts.n,
        good=row.counts.good,
        bad=row.counts.bad,
    )
