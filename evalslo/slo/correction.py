"""Corrections: a scorer's verdicts put right by people's labels (docs/statistics.md, "Which method decides").

| what was labelled | design | method |
|---|---|---|
| answers of this run | ratio, one event a query, no groups | post-stratified Clopper-Pearson |
| answers of this run | score, or repeats, or groups | MOVER of the scorer's mean and the mean of (people's - scorer's) |
| other answers, the same scorer | ratio, one event a query, no groups | Rogan-Gladen, with a warning |

Everything else is refused by name, and the row is an ERROR: labels that were given are never silently left out.
"""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from evalslo.errors import StatisticsError, UsageError
from evalslo.model.labels import Labels
from evalslo.model.objective import Objective
from evalslo.model.scorecard import Correction, Estimate, Observation, Reason
from evalslo.model.sli import SliSpec
from evalslo.model.suite import GateRules
from evalslo.slo.estimate import Elements, codes_of, elements_of, mean_of
from evalslo.slo.labelled import Pair, Refusal, changed, faulty, pairs_elsewhere, pairs_here, told_name
from evalslo.slo.observe import events_of
from evalslo.slo.orient import better_high, good_target, of_target, turned, turned_bounds
from evalslo.slo.reasons import reason_of

if TYPE_CHECKING:
    from evalslo.stats.bound import Bound

_ELSEWHERE = (
    "its labels are of other answers: they hold while the scorer errs on these as it did on those, "
    "which labels of this run would show"
)


class Corrected(Struct, frozen=True, kw_only=True):
    """A corrected estimate and what it rests on.

    `events` are those of the run, the measured ones moved alike so that their mean is the corrected point: what unmeasured
    events are weighed against. `reasons` warn.
    """

    estimate: Estimate
    correction: Correction
    events: tuple[Observation, ...]
    reasons: tuple[Reason, ...] = ()


def corrected(
    objective: Objective,
    raw: Estimate,
    *,
    observations: Sequence[Observation],
    labels: Labels,
    spec: SliSpec,
    rules: GateRules,
    scorer: str | None,
    run_id: str,
) -> Corrected | Reason:
    """The estimate corrected by `labels`, or why it cannot be. `raw` is the estimate that the scorer alone gives.

    `run_id` names the run that is gated; labels of its answers correct more than labels of others. Raises UsageError where
    the objective can have no labels: a quantile or another quantity, or another SLI's labels.
    """
    _require_correctable(objective, labels, spec=spec)
    here = labels.run_id == run_id
    refused = (
        _other_scorer(labels, scorer)
        or _no_method(observations, rules)
        or faulty(labels, rate=spec.kind == "rate")
        or (changed(observations, labels) if here else None)
    )
    if refused is not None:
        return reason_of(objective, *refused)
    events = events_of(objective, observations)
    if failed := sum(one.failed for one in events):
        text = f"its {failed} failed calls count as bad, and labels of answers cannot speak for them: mend the calls"
        return reason_of(objective, "uncorrectable", text)
    elements = elements_of(events)
    pairs = pairs_here(objective, observations, labels) if here else pairs_elsewhere(objective, labels)
    if not pairs:
        return reason_of(
            objective, "labels", f"none of its {len(labels.answers)} labels stands beside an event it counts"
        )
    counted_once = objective.shape == "event_ratio" and not elements.clustered and len(events) == len(observations)
    if not here and not counted_once:
        text = "labels of other answers correct a rate with one answer a query and no groups only: label answers of this run"
        return reason_of(objective, "uncorrectable", text)
    try:
        found = _bound(objective, elements, pairs, here=here, rules=rules)
    except StatisticsError as error:
        return reason_of(objective, "uncorrectable", str(error))
    if found.lower is None and elements.clusters > 1:
        text = "one labelled unit says nothing of its kind: label answers to more golden queries or groups"
        return reason_of(objective, "labels", text)
    return _told(objective, raw, found, events=events, pairs=pairs, here=here)


def _require_correctable(objective: Objective, labels: Labels, *, spec: SliSpec) -> None:
    if objective.quantile is not None or spec.kind == "quantity":
        raise UsageError(
            f"objective {objective.id}: labels found for {objective.sli}, a measured quantity; "
            "wanted labels of a rate or a score: leave these out"
        )
    if labels.sli != str(objective.sli):
        raise UsageError(f"objective {objective.id}: labels of {labels.sli} found; wanted labels of {objective.sli}")


def _other_scorer(labels: Labels, scorer: str | None) -> Refusal | None:
    if labels.scorer == scorer:
        return None
    text = (
        f"its labels stand beside values of {told_name(labels.scorer)}, and this run was scored by {told_name(scorer)}"
    )
    return "fingerprint", f"{text}: label answers as this run's scorer judged them"


def _no_method(observations: Sequence[Observation], rules: GateRules) -> Refusal | None:
    designs = {
        "gate.population: finite": rules.population == "finite",
        "gate.strict": rules.strict,
        "golden queries of unequal weight": len({one.weight for one in observations}) > 1,
    }
    for design, given in designs.items():
        if given:
            return "uncorrectable", f"no method here corrects by labels under {design}: leave one of the two out"
    return None


def _bound(objective: Objective, elements: Elements, pairs: Sequence[Pair], *, here: bool, rules: GateRules) -> "Bound":
    """The bound where higher is better. Raises StatisticsError where the labels cannot carry one."""
    from evalslo.stats.poststratified import post_stratified
    from evalslo.stats.rogan_gladen import rogan_gladen

    target = good_target(objective)
    if objective.shape == "mean" or elements.clustered:
        return _rectified(objective, elements, pairs, target=target, icc_floor=rules.icc_floor)
    seen = Counter((pair.judged, pair.human) for pair in pairs)
    method = post_stratified if here else rogan_gladen
    return method(
        int(sum(elements.values)),
        len(elements.values),
        among_good=(seen[1.0, 1.0], seen[1.0, 0.0]),
        among_bad=(seen[0.0, 1.0], seen[0.0, 0.0]),
        target=target,
        alpha=objective.alpha,
    )


def _rectified(
    objective: Objective, elements: Elements, pairs: Sequence[Pair], *, target: Fraction, icc_floor: Fraction
) -> "Bound":
    """The labelled queries stand for all of them, each by the means of its labelled repeats."""
    from evalslo.stats.rectified import rectified_mean

    queries: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        queries.setdefault(pair.query, []).append(pair)
    return rectified_mean(
        [better_high(objective, value) for value in elements.values],
        units=elements.units,
        labelled_judged=[mean_of([pair.judged for pair in found]) for found in queries.values()],
        labelled_human=[mean_of([pair.human for pair in found]) for found in queries.values()],
        labelled_units=codes_of(cluster for cluster, _ in queries),
        target=target,
        alpha=objective.alpha,
        icc_floor=icc_floor,
    )


def _told(
    objective: Objective,
    raw: Estimate,
    found: "Bound",
    *,
    events: Sequence[Observation],
    pairs: Sequence[Pair],
    here: bool,
) -> Corrected:
    """The bound in the space of the objective's target, with what it rests on."""
    point = turned(objective, found.estimate)
    lower, upper = turned_bounds(objective, found.lower, found.upper)
    estimate = replace(
        raw,
        estimate=point,
        lower=lower,
        upper=upper,
        p_pass=found.p_pass,
        p_fail=found.p_fail,
        method=found.method,
        icc=found.icc,
        deff=found.deff,
        needed=None,
    )
    correction = Correction(
        method=found.method,
        labels=len(pairs),
        raw_estimate=raw.estimate,
        needed_labels=_needed_labels(found, pairs),
    )
    moved = of_target(objective, point) - of_target(objective, raw.estimate)
    return Corrected(
        estimate=estimate,
        correction=correction,
        events=tuple(one if one.value is None else replace(one, value=one.value + moved) for one in events),
        reasons=() if here else (reason_of(objective, "labels_elsewhere", _ELSEWHERE),),
    )


def _needed_labels(found: "Bound", pairs: Sequence[Pair]) -> int | None:
    """Further labels; where whole units are labelled, as many a unit as there are now."""
    if found.needed_units is None or not found.method.startswith("mover"):
        return found.needed_units
    labelled_units = len({cluster for (cluster, _) in (pair.query for pair in pairs)})
    return math.ceil(found.needed_units * len(pairs) / labelled_units)
