"""Grades by a rubric: scales, votes, evidence, and what a suite may write."""

import json

import pytest

from evalslo.errors import UsageError
from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Missing
from evalslo.model.sli import Sli
from evalslo.model.suite import ScorerChoice
from evalslo.scorers.judge import Judge
from evalslo.scorers.rubrics import options_fault

TONE = Sli(name="rubric", slug="tone", options={"rubric": "Is it polite?", "scale": "1-5"})
DONE = Sli(name="task_success", slug="booked", options={"rubric": "A table is booked."})


def said(**reply):
    return Response(answer=json.dumps(reply))


def score(sli, replies, answer="Dear guest, no."):
    judge = Judge(
        ScorerChoice(scorer="judge", judges=tuple(replies)), replies=lambda name, key: replies[name], digest="d"
    )
    sample = Sample(query_id="q", repeat=0, response=Response(answer=answer), attempts=1, started_at="")
    (one,) = judge.score(GoldenQuery(id="q", query="A table?"), sample, slis=[sli])
    return one


def test_a_grade_has_the_judges_reason_beside_the_answers_beginning():
    one = score(TONE, {"a": [said(score=4, reason="It says dear.")]}, answer="Dear guest, " + "no " * 1_000)
    assert (one.sli, one.value) == ("rubric:tone", 0.75)
    (evidence,) = one.evidence
    assert evidence.claim.startswith("Dear guest")
    assert len(evidence.claim) == 200
    assert (evidence.verdict, evidence.reason) == ("unsupported", "It says dear.")
    assert score(TONE, {"a": [said(score=5)]}).evidence[0].verdict == "supported"


def test_votes_and_judges_are_averaged_each_judge_with_one_voice():
    one = score(TONE, {"a": [said(score=5), said(score=3)], "b": [said(score=1, reason="Rude.")]})
    assert one.value == pytest.approx((0.75 + 0.0) / 2)


@pytest.mark.parametrize(
    ("votes", "value"),
    [(["yes", "yes", "no"], 1.0), (["yes", "no", "no"], 0.0), (["yes", "no"], 0.0), (["yes"], 1.0)],
)
def test_a_task_is_done_where_more_than_half_of_the_votes_say_so(votes, value):
    assert score(DONE, {"a": [said(verdict=vote, reason=vote) for vote in votes]}).value == value


def test_a_panel_says_yes_where_more_than_half_of_its_judges_do():
    yes, no = said(verdict="yes", reason="done"), said(verdict="no", reason="not booked")
    one = score(DONE, {"a": [yes], "b": [no, no, yes], "c": [no]})
    assert (one.value, one.evidence[0].reason) == (0.0, "not booked")


def test_an_unreadable_grade_is_no_score():
    one = score(TONE, {"a": [said(score=9)]})
    assert (one.value, one.reason, one.evidence) == (None, Missing.JUDGE_ERROR, ())
    assert one.note == "a: the score is not a number from 1 to 5"


def test_an_empty_answer_is_graded_too():
    assert score(TONE, {"a": [said(score=1, reason="Nothing was said.")]}, answer="").value == 0.0


def test_a_function_is_no_judge():
    with pytest.raises(UsageError, match="task_success: a function checks it"):
        score(Sli(name="task_success", options={"check": "checks:solved"}), {"a": []})


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("rubric", {}, "rubric: found None"),
        ("rubric", {"rubric": " "}, "wanted the rubric's text"),
        ("rubric", {"rubric": ["a"]}, "wanted the rubric's text"),
        ("rubric", {"rubric": "x" * 20_001}, "found 20001 characters"),
        ("rubric", {"rubric": "x", "scale": "1-7"}, "wanted 0-1, 1-5 or 0-10"),
        ("rubric", {"rubric": "x", "scale": ["0-1"]}, "wanted 0-1, 1-5 or 0-10"),
        ("task_success", {}, "found neither of rubric and check"),
        ("task_success", {"rubric": "x", "check": "a:b"}, "found both of rubric and check"),
        ("task_success", {"check": "no function"}, "wanted module:function"),
        ("task_success", {"rubric": ""}, "wanted the rubric's text"),
    ],
)
def test_wrong_options_are_told_with_what_was_wanted(name, options, told):
    assert told in options_fault(Sli(name=name, slug="mine", options=options))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rubric", {"rubric": "Polite?"}),
        ("rubric", {"rubric": "Polite?", "scale": "0-10"}),
        ("task_success", {"rubric": "Booked?"}),
        ("task_success", {"check": "checks/solved.py:check"}),
        ("faithfulness", {}),
    ],
)
def test_right_options_have_no_fault(name, options):
    assert options_fault(Sli(name=name, slug="mine", options=options)) is None
