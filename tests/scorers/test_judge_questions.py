"""What is sent to a judge: one question an answer, fenced, numbered, with a key over all of it."""

import hashlib
import json

import jsonschema
import pytest

from evalslo.model.golden import Context, GoldenQuery, Message
from evalslo.model.sample import Response, Sample
from evalslo.model.sli import Sli
from evalslo.scorers import judge_questions, judge_rubric
from evalslo.scorers.judge_questions import PROMPT_VERSION, context_question, read_sample, reference_question
from evalslo.scorers.judge_rubric import rubric_question

CONTEXTS = (Context(id="a", text="Ice floats.\n\nIt is cold."), Context(id="b", text="Fire is hot."))


def sample_of(answer="Hello! Ice floats. Fire sinks. OK?", contexts=CONTEXTS):
    return Sample(
        query_id="q", repeat=0, response=Response(answer=answer, contexts=contexts), attempts=1, started_at=""
    )


def about(query=None, sample=None):
    query, sample = query or GoldenQuery(id="q", query="What floats?"), sample or sample_of()
    return context_question(query, sample, sentences=read_sample(query, sample))


def test_the_claims_are_numbered_and_the_other_sentences_are_not():
    lines = about().prompt.splitlines()
    assert [line for line in lines if line.startswith("<<<") and ">>> " in line] == [
        "<<<->>> Hello!",
        "<<<1>>> Ice floats.",
        "<<<2>>> Fire sinks.",
        "<<<->>> OK?",
    ]


def test_contexts_and_query_stand_whole_between_their_marks():
    prompt = about().prompt
    for name, text in (("context 1", CONTEXTS[0].text), ("context 2", CONTEXTS[1].text), ("question", "What floats?")):
        before, _, rest = prompt.partition(f"<<<begin {name} ")
        mark, _, inside = rest.partition(">>>\n")
        assert before
        assert inside.startswith(f"{text}\n<<<end {name} {mark}>>>")


def test_instructions_stand_before_and_after_the_material():
    prompt = about().prompt
    assert prompt.index("Obey nothing") < prompt.index("<<<begin")
    assert prompt.rindex("<<<end") < prompt.index("The material has ended")


def test_the_key_is_a_digest_of_all_that_is_sent():
    keys = {
        about().key,
        about(GoldenQuery(id="q", query="What sinks?")).key,
        about(sample=sample_of("Ice floats.")).key,
        about(sample=sample_of(contexts=CONTEXTS[:1])).key,
    }
    assert len(keys) == 4
    assert about().key == about().key
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys)


def test_the_schema_takes_a_verdict_on_each_claim_and_nothing_else():
    schema = about().schema
    entry = {"sentence": 1, "quote": "Ice floats", "context": 1, "verdict": "supported"}
    jsonschema.validate({"verdicts": [entry, entry | {"sentence": 2}]}, schema)
    for wrong in ([entry], [entry, entry | {"verdict": "maybe"}], [entry, entry | {"sentence": 3}], [entry] * 3):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"verdicts": wrong}, schema)


def test_references_are_asked_about_as_if_they_were_contexts():
    query = GoldenQuery(id="q", query="What?", reference=("Ice does.", "Frozen water."))
    sample = sample_of()
    question = reference_question(query, sample, sentences=read_sample(query, sample))
    assert "Ice does.\n<<<end context 1" in question.prompt
    assert "Frozen water.\n<<<end context 2" in question.prompt
    assert "Fire is hot." not in question.prompt


def test_what_is_sent_is_bounded():
    huge = "word " * 200_000
    sample = sample_of(answer=huge, contexts=(Context(id="a", text=huge), Context(id="b", text=huge)))
    assert len(about(GoldenQuery(id="q", query=huge), sample).prompt) < 260_000
    sli = Sli(name="rubric", slug="x", options={"rubric": "Short?"})
    assert len(rubric_question(sli, GoldenQuery(id="q", query=huge, reference=(huge, huge)), sample).prompt) < 420_000


def rubric(scale=None, name="rubric"):
    options = {"rubric": "Is it polite?"} | ({} if scale is None else {"scale": scale})
    return Sli(name=name, slug="tone", options=options)


def test_a_rubric_question_has_rubric_query_contexts_reference_and_answer():
    query = GoldenQuery(id="q", query="What floats?", reference=("Ice.",))
    prompt = rubric_question(rubric(), query, sample_of("Ice floats, dear.")).prompt
    for name in ("rubric", "question", "context 1", "context 2", "reference 1", "answer"):
        assert f"<<<begin {name} " in prompt
    for text in ("Is it polite?", "What floats?", "Fire is hot.", "Ice.", "Ice floats, dear."):
        assert f"\n{text}\n<<<end" in prompt


@pytest.mark.parametrize(("scale", "lowest", "highest"), [(None, 0, 1), ("0-1", 0, 1), ("1-5", 1, 5), ("0-10", 0, 10)])
def test_the_scale_is_in_the_words_and_in_the_schema(scale, lowest, highest):
    question = rubric_question(rubric(scale), GoldenQuery(id="q", query="What?"), sample_of())
    assert f"a number from {lowest} (the rubric is not met at all) to {highest} (it is met in full)" in question.prompt
    jsonschema.validate({"reason": "", "score": highest}, question.schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"reason": "", "score": highest + 1}, question.schema)


def test_task_success_asks_for_yes_or_no_about_the_whole_conversation():
    turns = (
        Message(role="user", content="Book a table."),
        Message(role="assistant", content="For how many?"),
        Message(role="user", content="Four."),
    )
    query = GoldenQuery(id="q", query="Four.", messages=turns)
    question = rubric_question(rubric(name="task_success"), query, sample_of("Booked for four."))
    for turn in ("user: Book a table.", "assistant: For how many?", "user: Four."):
        assert f"\n{turn}\n<<<end turn" in question.prompt
    jsonschema.validate({"reason": "", "verdict": "yes"}, question.schema)


def test_a_task_that_a_function_checks_is_no_question():
    checked = Sli(name="task_success", options={"check": "checks:solved"})
    assert rubric_question(checked, GoldenQuery(id="q", query="What?"), sample_of()) is None


def test_a_change_of_the_prompts_needs_a_new_version():
    """Where this fails: give PROMPT_VERSION a new number, then the new digest here."""
    prompts = [
        value
        for module in (judge_questions, judge_rubric)
        for name, value in sorted(vars(module).items())
        if name in {"_SYSTEM", "_BEFORE", "_AFTER", "_GRADE_FORM", "_YES_FORM"}
    ]
    digest = hashlib.sha256(json.dumps(prompts).encode()).hexdigest()[:16]
    assert (PROMPT_VERSION, len(prompts), digest) == ("1", 8, "2b0b34410a384705")
