"""A kept run's answers, scored again on one SLI as the gate would score them. Calls nothing."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from evalslo import plugins
from evalslo.errors import MeasurementError, UsageError
from evalslo.harness.answers import AnswerSeen, Key, answer_seen
from evalslo.harness.plan import planned_calls
from evalslo.harness.score import scorer_of
from evalslo.harness.scored_by import judgements_of
from evalslo.loaders.golden import read_golden
from evalslo.loaders.suite import read_suite
from evalslo.model.calibration import Cut
from evalslo.model.objective import Objective
from evalslo.model.sli import SliSpec
from evalslo.model.suite import Suite
from evalslo.slo.observer import Events
from evalslo.store.index import SampleIndex
from evalslo.store.judgements import Judgements
from evalslo.store.run_folder import RunFolder, read_manifest


class ScoredRun(Struct, frozen=True, kw_only=True):
    """A run's answers on one SLI. `values` has those that the scorer gave a value, `scorer` is its name and version.

    `cut` is where a value is a yes: the rate's 1, or what the suite's first objective on it wants. `judgements` is what judges
    said; None where the SLI rests on none.
    """

    run_id: str
    sli: str
    spec: SliSpec
    scorer: str
    cut: Cut
    icc_floor: Fraction
    values: Mapping[Key, float]
    events: Events
    suite: Suite
    index: SampleIndex
    judgements: Judgements | None

    @property
    def independent(self) -> bool:
        """Whether each answer is a unit of its own: one a golden query, and no groups."""
        return self.events.repeats == 1 and len(set(self.events.clusters)) == len(self.events.queries)

    @property
    def judged_yes(self) -> int:
        """How many values are a yes."""
        return sum(map(self.cut.yes, self.values.values()))

    def unit_of(self, key: Key) -> str:
        """The independent unit of a planned answer."""
        return self.events.query_of(key[0]).cluster

    def answers(self, keys: Iterable[Key]) -> Iterator[AnswerSeen]:
        """The answers of `keys` in their order; without those that were not collected or failed."""
        for sample in self.index.samples(keys):
            seen = answer_seen(self.events.query_of(sample.query_id), sample, suite=self.suite)
            if seen is not None:
                yield seen


def score_again(folder: RunFolder, *, sli: str | None) -> ScoredRun:
    """The run's answers with their values on `sli`; None: on the only unproven SLI of the run's suite.

    Raises UsageError where the suite has no such SLI or it takes no labels, MeasurementError where nothing was scored.
    """
    manifest = read_manifest(folder)
    suite = read_suite(
        folder.suite_file, slis=plugins.sli_specs(), variant=manifest.variant, settings=manifest.settings
    )
    objective = _objective(suite, sli)
    suite = replace(suite, objectives=(objective,))
    spec = suite.slis[objective.sli.name]
    golden = read_golden(folder.golden_file)
    if golden.digest != manifest.fingerprint.golden:
        raise MeasurementError(f"{folder.golden_file}: it is not the golden set of the run any more; put it back")
    events = Events(golden.queries, repeats=manifest.repeats)
    index = SampleIndex(folder.samples_file, events=len(events), number_of=events.number_of)
    judgements = judgements_of(suite, folder)
    score, values, scorer = scorer_of(suite, judgements=judgements), {}, ""
    for sample in index.samples(call.key for call in planned_calls(golden, manifest)):
        (found,) = score(events.query_of(sample.query_id), sample)
        if found.value is not None:
            values[sample.query_id, sample.repeat], scorer = found.value, found.scorer
    if not values:
        raise MeasurementError(
            f"{manifest.run_id}: no answer has a value of {objective.sli}: there is nothing to label"
        )
    return ScoredRun(
        run_id=manifest.run_id,
        sli=str(objective.sli),
        spec=spec,
        scorer=scorer,
        cut=_cut(objective, spec),
        icc_floor=suite.gate.icc_floor,
        values=values,
        events=events,
        suite=suite,
        index=index,
        judgements=judgements,
    )


def _objective(suite: Suite, sli: str | None) -> Objective:
    """The first objective on the SLI that is meant."""
    first: dict[str, Objective] = {}
    for one in suite.objectives:
        spec = suite.slis[one.sli.name]
        if spec.kind != "quantity" and not spec.per_run:
            first.setdefault(str(one.sli), one)
    known = ", ".join(sorted(first)) or "none"
    if sli is not None:
        if sli not in first:
            raise UsageError(f"{sli!r:.80}: no objective of the run's suite is a rate or a score of it; it has {known}")
        return first[sli]
    unproven = [text for text, one in first.items() if suite.slis[one.sli.name].unproven]
    if len(unproven) != 1:
        found = f"{len(unproven)} SLIs of the run's suite rest on screens or judges"
        raise UsageError(f"{found}: name one by --sli; it has {', '.join(unproven) or known}")
    return first[unproven[0]]


def _cut(objective: Objective, spec: SliSpec) -> Cut:
    if spec.kind == "rate":
        return Cut(op=">=", value=1.0)
    if objective.event is not None:
        return Cut(op=objective.event.op, value=float(objective.event.value))
    return Cut(op=objective.op, value=float(objective.target))
