"""A judge beside itself: what each of its votes alone would have said of the run's answers. Pure; calls nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalslo.harness.answers import Key
from evalslo.harness.rescore import ScoredRun
from evalslo.harness.score import with_contexts
from evalslo.harness.scored_by import judging_scorers
from evalslo.model.calibration import Figure

if TYPE_CHECKING:
    from evalslo.model.protocols import JudgingScorer


def self_agreement(run: ScoredRun) -> Figure | None:
    """How often two votes of the run's judge say the same of one answer, yes or no by the run's cut.

    None where it was asked once, or where no single judge stands behind the SLI. No estimate where no answer has two votes
    that can be read.
    """
    scorers = list(_one_for_each_vote(run))
    if len(scorers) < 2:
        return None
    from evalslo.stats.self_agreement import self_agreement as of_votes

    words: dict[Key, list[bool]] = {}
    objective = run.suite.objectives[0]
    for sample in run.index.samples(run.values):
        key = (sample.query_id, sample.repeat)
        pair = with_contexts(run.events.query_of(sample.query_id), sample, run.suite.endpoint.contexts_from)
        for scorer in scorers:
            (score,) = scorer.score(*pair, slis=[objective.sli])
            if score.value is not None:
                words.setdefault(key, []).append(run.cut.yes(score.value))
    twice = {key: said for key, said in words.items() if len(said) > 1}
    return of_votes(list(twice.values()), units=[run.unit_of(key) for key in twice], icc_floor=run.icc_floor)


def _one_for_each_vote(run: ScoredRun) -> "Iterator[JudgingScorer]":
    """The run's judge as if it had been asked once, for each time that it was asked."""
    if run.judgements is None:
        return
    ((scorer, choice, _),) = judging_scorers(run.suite, judgements=run.judgements)
    if len(choice.judges) == 1:
        for number in range(run.suite.judges[choice.judges[0]].votes):
            yield scorer.hearing(run.judgements.by_vote(number))
