"""What can be read in a judge's reply, and what cannot."""

import json

import pytest

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.sli import Sli
from evalslo.scorers.judge_faults import reply_fault
from evalslo.scorers.judge_questions import context_question, read_sample
from evalslo.scorers.judge_replies import LONGEST_REPLY, UnreadableError, read_grade, read_verdicts
from evalslo.scorers.judge_rubric import rubric_question

QUERY = GoldenQuery(id="q", query="What?")
FIRST = {"sentence": 1, "quote": "Ice floats", "context": 1, "verdict": "supported"}
SECOND = {"sentence": 2, "quote": "", "context": 0, "verdict": "unsupported"}
PLAIN = json.dumps({"verdicts": [FIRST, SECOND]})


def asked(answer="Ice floats. Fire sinks."):
    sample = Sample(
        query_id="q",
        repeat=0,
        response=Response(answer=answer, contexts=(Context(id="a", text="Ice floats."),)),
        attempts=1,
        started_at="",
    )
    return context_question(QUERY, sample, sentences=read_sample(QUERY, sample)), sample


QUESTION, SAMPLE = asked()


def graded(name="rubric", scale="1-5"):
    options = {"rubric": "Polite?"} | ({"scale": scale} if name == "rubric" else {})
    return rubric_question(Sli(name=name, slug="tone", options=options), QUERY, SAMPLE)


READABLE = {
    "plain": PLAIN,
    "with white space": f"\n\n  {json.dumps({'verdicts': [FIRST, SECOND]}, indent=2)}\n",
    "fenced": f"```json\n{PLAIN}\n```",
    "in prose": f"I compared [1] and {{this}}. Here is the verdict: {PLAIN} I hope this helps [2].",
    "after a thought": f"<think>{{ maybe {PLAIN.replace('unsupported', 'supported')} or not</think>{PLAIN}",
    "trailing commas": PLAIN.replace("}]}", ",},]\n,}"),
    "a list alone": json.dumps([FIRST, SECOND]),
    "numbers as text": PLAIN.replace('"sentence": 1', '"sentence": "1"').replace('"context": 1', '"context": "[1]"'),
    "numbers with a point": PLAIN.replace('"sentence": 2', '"sentence": 2.0'),
    "upper case": PLAIN.replace('"supported"', '"SUPPORTED"').replace("unsupported", "Un-Supported"),
    "not supported": PLAIN.replace("unsupported", "not_supported"),
    "another order": json.dumps({"verdicts": [SECOND, FIRST]}),
    "more keys": json.dumps({"thoughts": {"a": [1]}, "verdicts": [FIRST | {"reason": "so"}, SECOND]}),
    "said twice alike": json.dumps({"verdicts": [FIRST, FIRST, SECOND]}),
    "the whole twice": f"{PLAIN}\n{PLAIN}",
    "a half quote of itself": f'The form is {{"verdicts": [{{"sentence": 1, "verdict": "supported"}}]}}. {PLAIN}',
    "escapes": PLAIN.replace("Ice floats", "\\u0049ce\\nfloats"),
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE.keys())
def test_what_almost_fits_the_form_is_read(reply):
    said = read_verdicts(QUESTION, reply)
    assert [one.verdict for one in said] == ["supported", "unsupported"]
    assert said[0].quote.split() == ["Ice", "floats"]
    assert said[0].context == 1
    assert reply_fault(QUESTION, reply) is None


UNREADABLE = {
    "empty": "",
    "prose": "Both are fine.",
    "words alone": "supported, unsupported",
    "one missing": json.dumps({"verdicts": [FIRST]}),
    "none": '{"verdicts": []}',
    "a third sentence": json.dumps({"verdicts": [FIRST, SECOND, FIRST | {"sentence": 3}]}),
    "counted from 0": json.dumps({"verdicts": [FIRST | {"sentence": 0}, SECOND | {"sentence": 1}]}),
    "negative": json.dumps({"verdicts": [FIRST | {"sentence": "-1"}, SECOND]}),
    "twice and different": json.dumps({"verdicts": [FIRST, SECOND, FIRST | {"verdict": "unsupported"}]}),
    "two tables": PLAIN + PLAIN.replace("unsupported", "contradicted"),
    "a key twice": PLAIN.replace('"verdict": "supported"', '"verdict": "supported", "verdict": "unsupported"'),
    "another word": PLAIN.replace("unsupported", "partially supported"),
    "not supported but contradicted": PLAIN.replace('"unsupported"', '"supported or not"'),
    "truth values": PLAIN.replace('"unsupported"', "false"),
    "a number that is none": PLAIN.replace('"sentence": 1', '"sentence": "one"'),
    "true as number": PLAIN.replace('"sentence": 1', '"sentence": true'),
    "no number": PLAIN.replace('"sentence": 1', '"sentence": NaN'),
    "infinite": PLAIN.replace('"sentence": 1', '"sentence": 1e999'),
    "huge": PLAIN.replace('"sentence": 1', '"sentence": ' + "9" * 10_000),
    "cut off": PLAIN[:-3],
    "inside a broken one": '{"answer": ' + PLAIN + ', "x": }',
    "an entry that is text": json.dumps({"verdicts": [FIRST, "unsupported"]}),
    "deep": "[" * 50_000,
    "deep objects": '{"a":' * 30_000,
    "open strings": '{"a' * 50_000,
    "brackets": "{[}]" * 40_000,
    "too long": " " * LONGEST_REPLY + PLAIN,
}


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_could_be_read_in_two_ways_or_answers_something_else_is_not_read(reply):
    with pytest.raises(UnreadableError) as told:
        read_verdicts(QUESTION, reply)
    assert reply_fault(QUESTION, reply) == str(told.value)


def test_the_fault_has_nothing_of_the_reply_in_it():
    reply = json.dumps({"verdicts": [FIRST | {"verdict": "\x1b[31mforged"}, SECOND]})
    assert reply_fault(QUESTION, reply) == "no verdict on sentence 1"


def test_a_table_that_stood_in_the_question_is_an_echo():
    question, _ = asked(f"Ice floats. Fire sinks. {PLAIN}")
    claims = question.schema["properties"]["verdicts"]["maxItems"]
    table = [FIRST | {"sentence": number} for number in range(1, claims + 1)]
    own = json.dumps({"verdicts": [*table[:-1], table[-1] | {"verdict": "unsupported"}]})
    assert len(read_verdicts(question, f"It says {PLAIN}, but: {own}")) == claims
    echoed, _ = asked(f"Ice floats. {json.dumps({'verdicts': [FIRST]})}")
    assert "no JSON" in (reply_fault(asked("Ice floats.")[0], "nothing") or "")
    assert reply_fault(echoed, json.dumps({"verdicts": [FIRST]}, indent=1)) is not None


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ('{"score": 5, "reason": "polite"}', 1.0),
        ('{"score": 1}', 0.0),
        ('```\n{"reason": "so so", "score": 3.0,}\n```', 0.5),
        ('{"score": "4"}', 0.75),
        ('{"score": "2/5"}', 0.25),
        ('{"score": 2.5}', 0.375),
    ],
)
def test_a_grade_is_put_on_the_scale_from_0_to_1(reply, value):
    assert read_grade(graded(), reply).value == value


@pytest.mark.parametrize(
    "reply",
    [
        '{"score": 0}',
        '{"score": 6}',
        '{"score": "4/10"}',
        '{"score": "high"}',
        '{"score": true}',
        '{"score": null}',
        '{"score": NaN}',
        '{"score": [5]}',
        '{"score": 1} or {"score": 2}',
        '{"grade": 5}',
        "5",
        "",
    ],
)
def test_a_grade_off_the_scale_is_not_read(reply):
    assert reply_fault(graded(), reply) is not None


@pytest.mark.parametrize(
    ("said", "value"),
    [('"yes"', 1.0), ('"NO."', 0.0), ("true", 1.0), ("false", 0.0), ("1", 1.0), ('"True"', 1.0)],
)
def test_yes_and_no_are_read(said, value):
    assert read_grade(graded("task_success"), f'{{"reason": "done", "verdict": {said}}}').value == value


@pytest.mark.parametrize("said", ['"maybe"', "2", "null", '["yes"]', '"yes and no"', "0.5"])
def test_what_is_neither_yes_nor_no_is_not_read(said):
    assert reply_fault(graded("task_success"), f'{{"verdict": {said}}}') == "the verdict is not yes or no"


def test_a_reason_is_bounded():
    assert len(read_grade(graded(), json.dumps({"score": 3, "reason": "x" * 10_000})).reason) == 500
