"""Labels beside a kept run: which answers are drawn, what is refused, what is found, and drift."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from evalslo.errors import FileFaults, MeasurementError, UsageError
from evalslo.harness.begin import Asked, Door
from evalslo.harness.calibrate import SEED, calibrate, match, sli_of
from evalslo.harness.drift import drift
from evalslo.harness.label_rows import rows_to_label
from evalslo.harness.prepare import prepare
from evalslo.harness.rescore import score_again
from evalslo.harness.run import run_suite
from evalslo.loaders.suite import read_suite
from evalslo.model.calibration import LabelRow
from evalslo.plugins import sli_specs
from evalslo.store.run_folder import RunFolder
from tests.support.suites import rows, write_suite

CONTEXTS = [{"id": "paris", "text": "Paris is the capital of France. It lies on the river Seine."}]
APP = """
def answer(query):
    number = int(query["query"].split()[1].rstrip("?"))
    if number == 5:
        raise ValueError("down")
    if number % 4 == 0:
        return "Paris lies on the river Danube and has 40 million inhabitants."
    return "Paris is the capital of France."
"""
RATE, SCORE = "hallucination <= 50%", "faithfulness >= 0.8 for 50% of requests"


@pytest.fixture
def kept(tmp_path):
    """A kept run of 40 golden queries: one failed call, ten answers that hold new material."""

    def keep(*, objectives=(RATE,), golden=None, app=APP, name="small", **keys):
        golden = rows(40, contexts=CONTEXTS) if golden is None else golden
        path = write_suite(tmp_path, objectives=list(objectives), golden=golden, app=app, name=name, **keys)
        suite = read_suite(path, slis=sli_specs())
        door = Door(
            home=tmp_path / ".evalslo",
            clock=lambda: datetime.now(UTC),
            token=name[:4],
            seed=1,
            on_progress=lambda _: None,
            stop=asyncio.Event(),
        )
        prepared = prepare(suite, environ={})
        return RunFolder(asyncio.run(run_suite(prepared, door=door, asked=Asked())).folder)

    return keep


def labelled(run, *, human=lambda key, value: value, keys=None, **more):
    """A row a scored answer, its label made of the scorer's own value."""
    chosen = sorted(run.values) if keys is None else keys
    return [
        LabelRow(line=line, query_id=key[0], repeat=key[1], human=human(key, run.values[key]), **more)
        for line, key in enumerate(chosen, 1)
    ]


def found(run, given, *, sampled=None):
    return calibrate(run, match(run, given, file="labels.jsonl", sampled=sampled))


def draw(run, count, *, stratify=None, seed=0):
    return list(rows_to_label(run, count=count, stratify=stratify, seed=seed))


def test_an_answer_without_a_value_is_not_scored(kept):
    run = score_again(kept(), sli=None)
    assert (run.sli, len(run.values), run.judged_yes) == ("hallucination", 39, 10)
    assert run.scorer.startswith("overlap/")


def test_rows_are_blind_and_in_no_order_of_the_verdict(kept):
    run = score_again(kept(), sli=None)
    drawn = draw(run, 20)
    assert Counter(run.values[row.query_id, row.repeat] for row in drawn) == {1.0: 10, 0.0: 10}
    assert {row.sampled for row in drawn} == {"verdict"}
    verdicts = [run.values[row.query_id, row.repeat] for row in drawn]
    assert verdicts not in (sorted(verdicts), sorted(verdicts, reverse=True))
    row = drawn[0]
    assert row.human is None
    assert row.claims
    assert row.contexts[0].id == "paris"
    assert not {"value", "verdict", "judged", "reason", "scorer"} & set(row.__struct_fields__)


def test_the_seed_chooses_the_rows_and_a_larger_sample_keeps_them(kept):
    run = score_again(kept(objectives=(SCORE,)), sli=None)
    assert draw(run, 10) == draw(run, 10) != draw(run, 10, seed=1)
    ten, twenty = ({row.query_id for row in draw(run, count)} for count in (10, 20))
    assert ten < twenty
    assert len(draw(run, 500)) == 39


def test_what_cannot_be_drawn_by_verdict_is_drawn_at_random_or_refused(kept):
    run = score_again(kept(repeats=2), sli=None)
    assert draw(run, 5)[0].sampled == "random"
    with pytest.raises(UsageError, match="repeats or in groups"):
        draw(run, 5, stratify="verdict")
    alone = score_again(kept(name="alone"), sli=None)
    assert draw(alone, 5, stratify="none")[0].sampled == "random"


def test_the_sli_is_asked_for_where_the_suite_has_several(kept):
    folder = kept(objectives=(RATE, SCORE, "contains >= 1%"))
    with pytest.raises(UsageError, match=r"2 SLIs .* hallucination, faithfulness"):
        score_again(folder, sli=None)
    assert score_again(folder, sli="contains").sli == "contains"
    with pytest.raises(UsageError, match=r"'latency'.* it has contains"):
        score_again(folder, sli="latency")


def test_labels_of_several_slis_are_asked_for_by_name():
    given = [LabelRow(line=1, query_id="a", sli="faithfulness"), LabelRow(line=2, query_id="a", sli="hallucination")]
    assert sli_of(given, asked="faithfulness") == "faithfulness"
    assert sli_of(given[:1], asked=None) == "faithfulness"
    assert sli_of([], asked=None) is None
    with pytest.raises(UsageError, match="faithfulness, hallucination found"):
        sli_of(given, asked=None)


def test_the_table_is_the_scorer_s_word_beside_people_s(kept):
    run = score_again(kept(), sli=None)
    wrong = {key for key, value in run.values.items() if value == 1.0}
    missed = min(key for key in run.values if key not in wrong)
    spared = min(wrong)

    def human(key, value):
        return 1.0 - value if key in (missed, spared) else value

    result = found(run, labelled(run, human=human))
    table = result.agreement.confusion
    assert (table.yes_yes, table.yes_no, table.no_yes, table.no_no) == (9, 1, 1, 28)
    assert result.agreement.sensitivity.estimate == pytest.approx(0.9)
    assert result.labelled.scored == 39
    assert (result.auc, result.bins, result.labellers) == (None, (), None)
    assert result.labelled.sampled == "random"


def test_a_sample_by_verdict_is_reweighted_by_the_run(kept):
    run = score_again(kept(), sli=None)
    yes = sorted(key for key, value in run.values.items() if value == 1.0)
    no = sorted(key for key, value in run.values.items() if value == 0.0)
    one_missed = labelled(run, keys=yes + no[:10], human=lambda key, value: 1.0 if key == no[0] else value)
    result = found(run, one_missed, sampled="verdict")
    assert result.agreement.sensitivity.estimate == pytest.approx(10 / (10 + 29 / 10))
    assert found(run, one_missed).agreement.sensitivity.estimate == pytest.approx(10 / 11)
    said = [replace(row, sampled="verdict") for row in one_missed]
    assert found(run, said) == result


def test_a_score_is_cut_where_its_objective_cuts_and_ranked_and_binned(kept):
    run = score_again(kept(objectives=(SCORE,)), sli=None)
    result = found(run, labelled(run, human=lambda key, value: float(value >= 0.8)))
    assert result.labelled.cut.value == 0.8
    assert result.auc.estimate == 1.0
    assert sum(one.n for one in result.bins) == 39
    assert result.calibration_error == pytest.approx(0.0)


def test_weakness_is_said_in_words(kept):
    run = score_again(kept(), sli=None)
    given = [
        replace(row, human2=1.0 - row.human) for row in labelled(run, human=lambda key, _: float(key[0] < "q0004"))
    ]
    unlabelled = LabelRow(line=99, query_id="q0005")
    said = " | ".join(found(run, [*given, unlabelled]).weak)
    assert "people say yes of only 4 of 39" in said
    assert "not shown to be better than a coin" in said
    assert "two people agree with a kappa of only" in said
    assert "1 rows have no label yet, or none of their sentences is a claim to people" in said


def test_labels_of_repeats_count_for_fewer(kept):
    run = score_again(kept(repeats=3), sli=None)
    result = found(run, labelled(run))
    assert result.design_effect == pytest.approx(1.6)
    assert any("stand together" in one for one in result.weak)
    alone = found(run, labelled(run, keys=[key for key in sorted(run.values) if key[1] == 0]))
    assert alone.design_effect == 1.0


def test_rows_of_other_answers_are_all_told_with_their_lines(kept):
    run = score_again(kept(), sli=None)
    given = [
        LabelRow(line=3, query_id="q0001", human=0.5),
        LabelRow(line=4, query_id="q0002", human=1.0, answer="Something else."),
        LabelRow(line=5, query_id="nobody", human=1.0),
        LabelRow(line=6, query_id="q0003", repeat=7, human=1.0),
        LabelRow(line=7, query_id="q0005", human=1.0),
    ]
    with pytest.raises(FileFaults) as caught:
        found(run, given)
    told = [(fault.line, fault.where) for fault in caught.value.faults]
    assert told == [(3, "human"), (4, "answer"), (5, "query_id"), (6, "query_id"), (7, "query_id")]


def test_an_answer_that_an_editor_reformatted_is_still_the_same(kept):
    run = score_again(kept(), sli=None)
    given = [LabelRow(line=1, query_id="q0001", human=0.0, answer=" Paris is the\r\ncapital  of France. ")]
    assert len(found(run, given).labelled.answers) == 1


def test_labels_of_nothing_are_refused(kept):
    run = score_again(kept(), sli=None)
    with pytest.raises(UsageError, match="no label of hallucination"):
        found(run, [LabelRow(line=1, query_id="q0001", sli="faithfulness", human=1.0)])
    with pytest.raises(UsageError, match="drawn at random and rows drawn by verdict"):
        found(run, [*labelled(run, keys=[("q0001", 0)]), *labelled(run, keys=[("q0002", 0)], sampled="verdict")])


def test_a_run_without_a_value_has_nothing_to_label(kept):
    with pytest.raises(MeasurementError, match="nothing to label"):
        score_again(kept(golden=rows(40)), sli=None)


def test_a_second_person_is_held_beside_the_first_not_beside_the_scorer(kept):
    run = score_again(kept(), sli=None)
    given = [replace(row, human2=row.human if row.line % 2 else None) for row in labelled(run)]
    result = found(run, given)
    assert result.labellers.confusion.n == 20
    assert result.labellers.kappa.estimate == 1.0


def test_the_same_scorer_on_the_same_answers_has_not_drifted(kept):
    run = score_again(kept(), sli=None)
    result = drift(run, found(run, labelled(run)).labelled)
    assert (result.n, result.gone, result.became_yes, result.became_no, result.moved) == (39, 0, 0, 0, 0)
    assert (result.p_changed, result.scorer_then) == (1.0, result.scorer_now)
    assert result.before == result.after


def test_verdicts_that_changed_are_counted_each_way_and_tested(kept):
    run = score_again(kept(), sli=None)
    frozen = found(run, labelled(run)).labelled
    flipped = [
        replace(one, judged=1.0) if one.judged == 0.0 and place < 12 else one
        for place, one in enumerate(frozen.answers)
    ]
    then = replace(frozen, scorer="overlap/0", answers=tuple(flipped))
    result = drift(run, then)
    assert result.became_no > 0 == result.became_yes
    assert result.p_changed == pytest.approx(2 * 0.5**result.became_no)
    assert result.changed.estimate == pytest.approx(result.became_no / 39)
    assert result.scorer_then != result.scorer_now
    assert result.after.observed.estimate == 1.0 > result.before.observed.estimate


def test_an_answer_that_is_not_the_same_any_more_is_no_drift(kept):
    run = score_again(kept(), sli=None)
    frozen = found(run, labelled(run)).labelled
    other = score_again(kept(app=APP.replace("of France", "of Gaul"), name="other"), sli=None)
    result = drift(other, frozen)
    assert (result.n, result.gone) == (10, 29)
    with pytest.raises(MeasurementError, match="none of the 29 labelled answers"):
        drift(other, replace(frozen, answers=tuple(one for one in frozen.answers if one.judged == 0.0)))
    with pytest.raises(UsageError, match="labels of faithfulness"):
        drift(run, replace(frozen, sli="faithfulness"))


def test_drift_of_a_sample_by_verdict_is_weighed_as_it_was_drawn(kept):
    run = score_again(kept(), sli=None)
    given = labelled(run, keys=[(row.query_id, row.repeat) for row in draw(run, 20)])
    frozen = found(run, given, sampled="verdict").labelled
    assert drift(run, frozen).after.observed.estimate == pytest.approx(1.0)


def test_a_golden_set_that_was_changed_is_refused(kept):
    folder = kept()
    lines = folder.golden_file.read_text().splitlines()
    first = json.loads(lines[0]) | {"query": "Another?"}
    folder.golden_file.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    with pytest.raises(MeasurementError, match="not the golden set of the run"):
        score_again(folder, sli=None)


def test_draws_behind_intervals_are_the_same_every_time(kept):
    run = score_again(kept(), sli=None)
    assert SEED == 0
    assert found(run, labelled(run)) == found(run, labelled(run))
