"""What to do next, in sentences: where the bad answers are, and how many queries would show what is true."""

from collections import Counter
from collections.abc import Mapping, Sequence

from evalslo.model.golden import GoldenQuery
from evalslo.model.score import Score
from evalslo.model.scorecard import ObjectiveResult, Observation, Verdict
from evalslo.model.sli import SliSpec
from evalslo.slo.observe import is_good
from evalslo.slo.plan import queries_for_power

LEAST_BAD = 4
LEAST_SHARE = 0.25
LEAST_EXCESS = 1.5
MOST_FAILURES = 3


def advise(
    rows: Sequence[ObjectiveResult],
    *,
    observations: Mapping[str, Sequence[Observation]],
    queries: Sequence[GoldenQuery],
    slis: Mapping[str, SliSpec],
    scores: Sequence[Score],
) -> tuple[str, ...]:
    """One sentence a finding: scorers that failed, then what critical objectives need, then where the bad answers are."""
    open_rows = [row for row in rows if row.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)]
    open_rows.sort(key=lambda row: not row.objective.critical)
    found = _failed_scorers(scores)
    found += [
        _more_queries(row, observations.get(str(row.objective.sli), ())) for row in open_rows if row.objective.critical
    ]
    found += [
        _where(row, observations.get(str(row.objective.sli), ()), queries=queries)
        for row in open_rows
        if row.objective.shape == "event_ratio"
    ]
    found.append(_uncalibrated(rows, slis))
    return tuple(sentence for sentence in found if sentence is not None)


def _failed_scorers(scores: Sequence[Score]) -> list[str | None]:
    failures = Counter((score.sli, score.note) for score in scores if score.note is not None)
    return [
        f"{sli}: its scorer failed {times} times: {note}" for (sli, note), times in failures.most_common(MOST_FAILURES)
    ]


def _more_queries(row: ObjectiveResult, observations: Sequence[Observation]) -> str | None:
    """How many queries would show a PASS four times in five, if the estimate were the truth."""
    if row.verdict is not Verdict.INCONCLUSIVE or row.estimate is None:
        return None
    more = queries_for_power(row, queries=len({one.query_id for one in observations if one.value is not None}))
    if more is None:
        return None
    return (
        f"{row.objective.id}: a fresh run with about {more} more queries would show it four times in five, if the estimate "
        f"is the truth; adding queries to this run and gating again would be peeking"
    )


def _where(row: ObjectiveResult, observations: Sequence[Observation], *, queries: Sequence[GoldenQuery]) -> str | None:
    """The tag value that holds far more of the bad answers than of the queries; None where none stands out."""
    tags = {query.id: _labels(query) for query in queries}
    measured = [one for one in observations if one.value is not None]
    bad = [one for one in measured if one.value is not None and not is_good(row.objective, one.value)]
    if len(bad) < LEAST_BAD:
        return None
    everywhere = Counter(label for one in measured for label in tags[one.query_id])
    among_bad = Counter(label for one in bad for label in tags[one.query_id])
    label, excess = _most_excessive(among_bad, everywhere, share=len(bad) / len(measured))
    if label is None or excess < LEAST_EXCESS or among_bad[label] < LEAST_SHARE * len(bad):
        return None
    return (
        f"{row.objective.id}: {among_bad[label]} of {len(bad)} bad answers are in slice {label}, "
        f"which has {everywhere[label]} of {len(measured)} answers"
    )


def _labels(query: GoldenQuery) -> list[str]:
    labels = [f"{tag}={value}" for tag, value in query.tags.items()]
    return [*labels, f"language={query.language}"] if query.language else labels


def _most_excessive(among_bad: Counter[str], everywhere: Counter[str], *, share: float) -> tuple[str | None, float]:
    """The label whose own bad share is most above `share`, among those with enough bad answers."""
    candidates = [
        (among_bad[label] / everywhere[label] / share, label) for label in among_bad if among_bad[label] >= LEAST_BAD
    ]
    if not candidates:
        return None, 0.0
    excess, label = max(candidates, key=lambda item: (item[0], item[1]))
    return label, excess


def _uncalibrated(rows: Sequence[ObjectiveResult], slis: Mapping[str, SliSpec]) -> str | None:
    unproven = [row.objective.id for row in rows if slis[row.objective.sli.name].unproven]
    if not unproven:
        return None
    return f"{', '.join(unproven)}: the scorer is a screen, never checked against people: read its evidence, not its number"
