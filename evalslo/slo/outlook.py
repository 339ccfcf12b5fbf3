"""What a PASS will take, objective by objective, from the golden set alone."""

from collections.abc import Sequence

from evalslo.model.golden import GoldenQuery
from evalslo.model.objective import Objective
from evalslo.model.outlook import Outlook
from evalslo.model.sli import SliSpec
from evalslo.model.suite import Suite
from evalslo.slo.allowance import can_pass, fewest_to_pass, lives_on_spread, most_bad_to_pass
from evalslo.slo.ceiling import Ceiling, ceiling_of, ceiling_words
from evalslo.slo.design import Design, design_of
from evalslo.slo.lint import why_not
from evalslo.slo.orient import good_target
from evalslo.slo.plan import decides
from evalslo.slo.slices import queries_of_each
from evalslo.slo.units import units_of

ONLY_SHOWN = "it is shown, and never decides: no method bounds it"


def outlooks(suite: Suite, queries: Sequence[GoldenQuery]) -> tuple[Outlook, ...]:
    """One outlook an objective, in the order of the suite; of a slice's queries where the objective is one slice's."""
    return tuple(_outlook(suite, one, spoken) for one, spoken in queries_of_each(suite.objectives, queries))


def _outlook(suite: Suite, objective: Objective, queries: Sequence[GoldenQuery]) -> Outlook:
    spec = suite.slis[objective.sli.name]
    design = design_of(objective, queries, spec=spec, repeats=suite.repeats, rules=suite.gate)
    decisive = decides(suite, objective)
    independent = _worth(objective, design, suite=suite) if decisive else int(design.effective)
    ceiling = ceiling_of(objective, queries)
    held_down = ceiling is not None and ceiling.below(objective)
    most_bad, half_bad, power = _shares(objective, design, independent) if decisive else (None, None, None)
    return Outlook(
        objective=objective,
        queries=design.queries,
        events=design.elements,
        clusters=design.clusters,
        independent=independent,
        can_pass=decisive and can_pass(objective, design) and not _blocked(suite, spec) and not held_down,
        most_bad=most_bad,
        half_bad=half_bad,
        power=power,
        notes=tuple(_notes(suite, objective, design, worth=independent, ceiling=ceiling))
        if decisive
        else (ONLY_SHOWN,),
    )


def _worth(objective: Objective, design: Design, *, suite: Suite) -> int:
    """How many independent events the golden set is worth; what a perfect run is worth, where perfect ones cannot pass.

    Bets have no design effect, nor has a finite population: there it is what a perfect run is worth.
    """
    from evalslo.stats.exact import fewest_for_pass

    fewest = fewest_for_pass(good_target(objective), objective.alpha)
    if design.bets or suite.gate.population == "finite" or fewest is None or design.clusters < fewest:
        return int(design.effective)
    return units_of(design, rules=suite.gate).worth(design.clusters, fewest=fewest)


def _shares(objective: Objective, design: Design, independent: int) -> tuple[int | None, float | None, float | None]:
    """The most bad events of a PASS, half the allowed bad share, and how often that passes; bets have no such numbers."""
    from evalslo.stats.beta import at_most

    if objective.shape == "mean" or independent < 1 or design.bets:
        return None, None, None
    most = most_bad_to_pass(independent, objective=objective, design=design)
    half_bad = float((1 - good_target(objective)) / 2)
    if most is None:
        return None, half_bad, None
    return most, half_bad, float(at_most(most, independent, good=1.0 - half_bad))


def _notes(suite: Suite, objective: Objective, design: Design, *, worth: int, ceiling: Ceiling | None) -> list[str]:
    spec, notes = suite.slis[objective.sli.name], []
    if not can_pass(objective, design):
        notes.append(f"it cannot PASS: {why_not(objective, design)}")
    elif design.bets:
        fewest = fewest_to_pass(objective, design)
        notes.append(f"under gate.strict: no simple allowance of bad answers; {fewest} independent ones at least")
    elif lives_on_spread(objective, design):
        method = suite.gate.mean_method
        notes.append(f"gate.mean_method: {method} takes scores that differ, and no number of them from 2 on is too few")
    if ceiling is not None and ceiling.below(objective):
        notes.append(f"it cannot PASS: {ceiling_words(objective, ceiling)}")
    if spec.unproven:
        effect = "it cannot PASS" if _blocked(suite, spec) else "a PASS says so"
        notes.append(f"its scorer was never checked against people: {effect} (gate.uncalibrated)")
    if design.clusters < design.elements and not design.bets:
        notes.append(f"{design.elements} events in {design.clusters} clusters are worth about {worth}")
    elif design.weighted and not design.bets:
        notes.append(f"{design.queries} golden queries of unequal weight are worth about {worth}")
    return notes


def _blocked(suite: Suite, spec: SliSpec) -> bool:
    return spec.unproven and suite.gate.uncalibrated == "block"
