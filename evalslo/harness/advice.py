"""What to do next, in sentences: where the bad answers are, and how many queries would show what is true."""

from collections.abc import Mapping, Sequence

from evalslo.harness.totals import FailedScorer
from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.scorecard import ObjectiveResult, Observation, SliceFinding, Verdict
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules, Suite
from evalslo.slo.more_queries import queries_for_power, short_of_data
from evalslo.slo.observe import events_of
from evalslo.slo.orient import good_target, turned
from evalslo.slo.slices import id_in_file, value_of
from evalslo.slo.variance import between_queries, twice_the_repeats

MOSTLY_BETWEEN = 0.5


def advise(
    rows: Sequence[ObjectiveResult],
    *,
    observations: Mapping[str, Sequence[Observation]],
    queries: Sequence[GoldenQuery],
    suite: Suite,
    failures: Sequence[FailedScorer],
    repeating: int = 0,
    findings: Sequence[SliceFinding],
    finished: bool,
) -> tuple[str, ...]:
    """One sentence a finding: scorers that failed, then what critical objectives need, then where the bad answers are.

    `repeating` answers name a document more than once in their contexts.

    `observations` are by the id of an objective; `findings` have the most telling slice of an objective first. A run that is
    not finished is to be gone on with, and needs no word on its size.
    """
    open_rows = [row for row in rows if row.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)]
    open_rows.sort(key=lambda row: not row.objective.critical)
    found: list[str | None] = [f"{one.sli}: its scorer failed {one.times} times: {one.note}" for one in failures]
    found.append(_repeating(repeating, suite))
    for row in open_rows:
        if row.objective.critical and finished:
            seen = observations.get(row.objective.id, ())
            found += [_size(row, seen, rules=suite.gate)]
            found += [_repeats(row, seen) if suite.gate.population == "queries" else None]
    worse = {one.objective: one for one in reversed(findings) if one.stands_out}
    found += [
        _where(row.objective, worse[row.objective.id], observations.get(row.objective.id, ()), queries=queries)
        for row in open_rows
        if row.objective.id in worse
    ]
    found.append(_uncalibrated(rows, suite.slis))
    return tuple(sentence for sentence in found if sentence is not None)


def _repeating(answers: int, suite: Suite) -> str | None:
    if not answers or suite.endpoint.contexts_from == "golden" or all(one.sli.k is None for one in suite.objectives):
        return None
    count = "an answer names" if answers == 1 else f"{answers:,} answers name"
    return f"{count} a document more than once in the contexts: it counted once, at its first place"


def _size(row: ObjectiveResult, observations: Sequence[Observation], *, rules: GateRules) -> str | None:
    """How large a run would show what is true four times in five, if the estimate were the truth."""
    if row.estimate is None or not short_of_data(row):
        return None
    if rules.population == "finite":
        return f"{row.objective.id}: of a finite golden set only a run with more repeats shows more"
    measured = len({one.query_id for one in observations if one.value is not None})
    size = queries_for_power(row, queries=measured, rules=rules)
    if size is None:
        return None
    of_slice = "" if row.objective.slice is None else " of this slice"
    met = turned(row.objective, row.estimate.estimate) > good_target(row.objective)
    return (
        f"{row.objective.id}: a fresh run of about {size:,} queries{of_slice} would show that it is "
        f"{'met' if met else 'missed'} four times in five, if the estimate is the truth; "
        f"adding queries to this run and gating again would be peeking"
    )


def _repeats(row: ObjectiveResult, observations: Sequence[Observation]) -> str | None:
    """Whether an undecided row with repeats would gain by more queries or by more repeats."""
    if row.variance is None or row.estimate is None or not short_of_data(row):
        return None
    queries = len({one.query_id for one in observations if one.value is not None})
    repeats = row.counts.n / queries if queries else 1.0
    share = between_queries(row.variance, repeats=repeats)
    if share is None or repeats <= 1.0:
        return None
    lies = f"{row.objective.id}: {100 * share:.0f} % of the variance of its estimate lies between queries"
    if share >= MOSTLY_BETWEEN:
        return f"{lies}: more queries, not more repeats"
    if row.estimate.clusters < queries or row.estimate.deff is None:
        return f"{lies}: more repeats narrow it too"
    times = twice_the_repeats(row.estimate.deff, repeats=repeats)
    return f"{lies}: more repeats narrow it too, twice as many like {times:.1f} times the queries"


def _where(
    objective: Objective, worse: SliceFinding, observations: Sequence[Observation], *, queries: Sequence[GoldenQuery]
) -> str:
    """What a slice that stands out holds of the bad answers; of a mean, how far it lies from the rest."""
    if objective.shape == "mean":
        return f"{objective.id}: slice {worse.slice} has {worse.estimate:.3g}, the rest {worse.rest:.3g}"
    inside = {query.id for query in queries if value_of(query, worse.slice.tag) == worse.slice.value}
    events = [one for one in events_of(objective, observations) if one.value is not None]
    bad = [one.query_id for one in events if one.value == 0.0]
    return (
        f"{objective.id}: {sum(query in inside for query in bad)} of {len(bad)} bad answers are in slice {worse.slice}, "
        f"which has {worse.n} of {len(events)} answers"
    )


def _uncalibrated(rows: Sequence[ObjectiveResult], slis: Mapping[str, SliSpec]) -> str | None:
    unproven = dict.fromkeys(
        id_in_file(row.objective) for row in rows if slis[row.objective.sli.name].unproven and row.correction is None
    )
    if not unproven:
        return None
    return f"{', '.join(unproven)}: the scorer was never checked against people: read its evidence, not its number"
