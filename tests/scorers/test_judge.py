"""What a judge's replies make of an answer: the claim table, votes, panels, cascades, and where there is no score."""

import json

import pytest

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import CallError, ErrorClass, Response, Sample
from evalslo.model.score import Missing
from evalslo.model.sli import Sli
from evalslo.model.suite import ScorerChoice
from evalslo.scorers.judge import Judge

CONTEXTS = (
    Context(id="budget", text="An error budget is one minus the objective. Alerts fire at a burn rate of 14.4."),
    Context(id="canary", text="Canaries receive **five percent**\nof the traffic for thirty minutes."),
)
ANSWER = "Sure! Canaries get 5 % of the traffic. Penguins swim across Norwegian lakes. Does that help?"
SUPPORTED = {
    "sentence": 1,
    "quote": "Canaries receive five percent of the traffic",
    "context": 2,
    "verdict": "supported",
}
UNSUPPORTED = {"sentence": 2, "quote": "", "context": 0, "verdict": "unsupported"}


def reply(*verdicts):
    return Response(answer=json.dumps({"verdicts": verdicts}))


def sample_of(answer=ANSWER, contexts=CONTEXTS, **response):
    return Sample(
        query_id="q",
        repeat=3,
        response=Response(answer=answer, contexts=contexts, **response),
        attempts=1,
        started_at="2025-01-01T00:00:00Z",
    )


def judged(*slis, replies, answer=ANSWER, contexts=CONTEXTS, cascade=False, **query):
    """The scores of one answer where each judge of `replies` says its votes to every question."""
    choice = ScorerChoice(scorer="judge", judges=tuple(replies), cascade=cascade)
    judge = Judge(choice, replies=lambda name, key: replies[name], digest="d1")
    golden = GoldenQuery(id="q", query="How do canaries work?", **query)
    wanted = [sli if isinstance(sli, Sli) else Sli(name=sli) for sli in slis]
    return judge.score(golden, sample_of(answer, contexts), slis=wanted)


def asked(*slis, answer=ANSWER, contexts=CONTEXTS, cascade=False, **query):
    choice = ScorerChoice(scorer="judge", judges=("strong",), cascade=cascade)
    judge = Judge(choice, replies=lambda name, key: (), digest="d1")
    wanted = [sli if isinstance(sli, Sli) else Sli(name=sli) for sli in slis]
    return judge.questions(GoldenQuery(id="q", query="How?", **query), sample_of(answer, contexts), slis=wanted)


def test_verdicts_become_a_table_with_the_place_of_each_quote():
    faithful, hallucinated = judged(
        "faithfulness", "hallucination", replies={"strong": [reply(SUPPORTED, UNSUPPORTED)]}
    )
    assert (faithful.value, hallucinated.value) == (0.5, 1.0)
    assert [one.verdict for one in faithful.evidence] == ["not_a_claim", "supported", "unsupported", "not_a_claim"]
    supported = faithful.evidence[1]
    assert supported.context_id == "canary"
    start, end = supported.span
    assert CONTEXTS[1].text[start:end] == "Canaries receive **five percent**\nof the traffic"


def test_a_contradiction_counts_where_its_quote_is_found():
    said = SUPPORTED | {"verdict": "contradicted"}
    contradicted, faithful = judged("contradiction", "faithfulness", replies={"strong": [reply(said, UNSUPPORTED)]})
    assert (contradicted.value, faithful.value) == (1.0, 0.0)
    assert contradicted.evidence[1].context_id == "canary"


@pytest.mark.parametrize("verdict", ["supported", "contradicted"])
@pytest.mark.parametrize(
    "quote",
    [
        "Canaries receive ten percent of the traffic",
        "Canaries get 5 % of the traffic",  # the answer's words, and not the context's
        "",
        "of the",
        "...",
    ],
)
def test_a_verdict_whose_quote_is_in_no_context_is_unsupported(verdict, quote):
    said = SUPPORTED | {"verdict": verdict, "quote": quote}
    faithful, contradicted = judged("faithfulness", "contradiction", replies={"strong": [reply(said, UNSUPPORTED)]})
    assert (faithful.value, contradicted.value) == (0.0, 0.0)
    assert faithful.evidence[1].verdict == "unsupported"
    assert faithful.evidence[1].reason == f"quote not found; the judge said {verdict}"
    assert faithful.evidence[1].context_id is None


@pytest.mark.parametrize("context", [1, 0, None, 99, "budget"])
def test_a_quote_from_another_context_than_the_named_one_makes_that_one_the_evidence(context):
    (score,) = judged("faithfulness", replies={"strong": [reply(SUPPORTED | {"context": context}, UNSUPPORTED)]})
    assert score.value == 0.5
    assert score.evidence[1].context_id == "canary"


def test_an_answer_without_a_claim_asks_nothing_and_has_no_score():
    for answer in ("I do not know.", "Hello! How are you?", "", "```\nx = 1\n```"):
        assert asked("faithfulness", "self_knowledge", answer=answer, reference=("Five.",)) == []
        (score,) = judged("faithfulness", answer=answer, replies={"strong": []})
        assert (score.value, score.reason) == (None, Missing.NO_CLAIM), answer


@pytest.mark.parametrize("contexts", [(), (Context(id="a", text=" \n"),)])
def test_contexts_that_say_nothing_support_nothing_and_nobody_is_asked(contexts):
    assert asked("faithfulness", contexts=contexts) == []
    faithful, hallucinated = judged("faithfulness", "hallucination", contexts=contexts, replies={"strong": []})
    assert (faithful.value, hallucinated.value) == (0.0, 1.0)
    assert faithful.evidence[1].reason == "there is no context"


def test_no_contexts_at_all_is_no_score():
    assert asked("faithfulness", "self_knowledge", contexts=None, reference=("Five percent.",)) == []
    (score,) = judged("faithfulness", contexts=None, replies={"strong": []})
    assert score.reason is Missing.NO_CONTEXTS


def test_self_knowledge_is_what_no_context_supports_and_the_reference_does():
    first = reply(SUPPORTED, UNSUPPORTED)
    second = reply(UNSUPPORTED | {"sentence": 1}, {**SUPPORTED, "sentence": 2, "quote": "Penguins swim"})
    questions = asked("self_knowledge", reference=("Penguins swim, they say.",))
    assert len({one.key for one in questions}) == 2
    said = dict(zip((one.key for one in questions), ([first], [second]), strict=True))
    judge = Judge(
        ScorerChoice(scorer="judge", judges=("strong",)), replies=lambda name, key: said.get(key, ()), digest="d"
    )
    golden = GoldenQuery(id="q", query="How?", reference=("Penguins swim, they say.",))
    known, faithful = judge.score(golden, sample_of(), slis=[Sli(name="self_knowledge"), Sli(name="faithfulness")])
    assert (known.value, faithful.value) == (0.5, 0.5)
    assert [one.in_reference for one in known.evidence] == [None, False, True, None]


def test_self_knowledge_without_a_reference_is_no_score():
    assert len(asked("self_knowledge")) == 1
    (score,) = judged("self_knowledge", replies={"strong": [reply(SUPPORTED, UNSUPPORTED)]})
    assert score.reason is Missing.NO_REFERENCE


def test_an_unread_reply_about_the_reference_leaves_the_other_slis_alone():
    (about_contexts, _) = asked("self_knowledge", reference=("Five.",))
    judge = Judge(
        ScorerChoice(scorer="judge", judges=("strong",)),
        replies=lambda name, key: [reply(SUPPORTED, UNSUPPORTED)] if key == about_contexts.key else [],
        digest="d",
    )
    golden = GoldenQuery(id="q", query="How?", reference=("Five.",))
    known, faithful = judge.score(golden, sample_of(), slis=[Sli(name="self_knowledge"), Sli(name="faithfulness")])
    assert (known.value, known.reason, known.note) == (None, Missing.JUDGE_ERROR, "strong: was not asked")
    assert (faithful.value, faithful.note) == (0.5, None)


@pytest.mark.parametrize(
    ("response", "note"),
    [
        (Response(answer="I would rather not."), "strong: no JSON object of the form asked for"),
        (reply(SUPPORTED), "strong: verdicts on 1 of 2 sentences"),
        (
            Response(answer='{"verdicts": [', finish_reason="length"),
            "strong: no JSON object of the form asked for (cut off at its limit of tokens)",
        ),
        (
            Response(error=CallError(kind=ErrorClass.TIMEOUT, message="no answer in 60 s")),
            "strong: its call failed: timeout: no answer in 60 s",
        ),
    ],
)
def test_a_failed_or_unreadable_reply_is_no_score_and_says_why(response, note):
    for score in judged("faithfulness", "hallucination", "contradiction", replies={"strong": [response]}):
        assert (score.value, score.reason, score.note) == (None, Missing.JUDGE_ERROR, note)
        assert score.evidence == ()


def test_a_note_is_bounded_whatever_a_server_says():
    failed = Response(error=CallError(kind=ErrorClass.SERVER, message="x" * 100_000))
    (score,) = judged("faithfulness", replies={"strong": [failed]})
    assert len(score.note) <= 300


YES, NO = reply(SUPPORTED, UNSUPPORTED), reply(UNSUPPORTED | {"sentence": 1}, UNSUPPORTED)
AGAINST = reply(SUPPORTED | {"verdict": "contradicted"}, UNSUPPORTED)
BROKEN = Response(answer="{")


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ([YES, YES, NO], "supported"),
        ([YES, NO, NO], "unsupported"),
        ([YES, NO], "unsupported"),  # a tie is the worse verdict
        ([YES, AGAINST], "contradicted"),
        ([YES, NO, AGAINST], "unsupported"),
        ([YES, YES, BROKEN], "supported"),
        ([YES, BROKEN], "supported"),  # half of the votes are enough
    ],
)
def test_the_majority_of_the_readable_votes_decides(votes, verdict):
    (score,) = judged("faithfulness", replies={"strong": votes})
    assert score.evidence[1].verdict == verdict


def test_the_evidence_says_how_many_votes_agree():
    (score,) = judged("faithfulness", replies={"strong": [NO, YES, YES]})
    assert score.evidence[1].reason == "quoted from the context; 2 of 3 votes"


def test_fewer_than_half_of_the_votes_are_no_score():
    (score,) = judged("faithfulness", replies={"strong": [YES, BROKEN, BROKEN]})
    assert score.reason is Missing.JUDGE_ERROR


@pytest.mark.parametrize(
    ("replies", "verdict"),
    [
        ({"a": [YES], "b": [YES], "c": [NO]}, "supported"),
        ({"a": [YES], "b": [NO]}, "unsupported"),
        # each judge has one voice, however often it was asked: three votes of one do not outvote two judges
        ({"a": [YES, YES, YES], "b": [NO], "c": [NO]}, "unsupported"),
        ({"a": [YES], "b": [YES, NO, NO], "c": [YES]}, "supported"),
        ({"a": [YES], "b": [BROKEN], "c": [YES]}, "supported"),
    ],
)
def test_a_panel_decides_by_the_majority_of_its_judges(replies, verdict):
    (score,) = judged("faithfulness", replies=replies)
    assert score.evidence[1].verdict == verdict


def test_a_panel_of_whose_judges_most_are_silent_says_nothing_and_names_them():
    (score,) = judged("faithfulness", replies={"a": [YES], "b": [BROKEN], "c": []})
    assert score.reason is Missing.JUDGE_ERROR
    assert score.note == "b: no JSON object of the form asked for; c: was not asked"


def test_a_cascade_asks_nobody_where_the_answer_quotes_its_contexts():
    answer = "An error budget is one minus the objective [1]. Canaries receive five percent of the traffic."
    assert asked("faithfulness", answer=answer, cascade=True) == []
    assert len(asked("faithfulness", answer=answer)) == 1
    (score,) = judged("faithfulness", answer=answer, replies={"strong": []}, cascade=True)
    assert score.value == 1.0
    assert [one.context_id for one in score.evidence] == ["budget", "canary"]


def test_a_cascade_asks_about_the_undecided_claims_only():
    answer = "An error budget is one minus the objective. Canaries get 5 % of the traffic. Penguins swim in lakes."
    (question,) = asked("faithfulness", answer=answer, cascade=True)
    assert "<<<->>> An error budget" in question.prompt
    assert "<<<1>>> Canaries get" in question.prompt
    (score,) = judged("faithfulness", answer=answer, replies={"strong": [YES]}, cascade=True)
    assert [one.verdict for one in score.evidence] == ["supported", "supported", "unsupported"]


@pytest.mark.parametrize(
    "claim",
    [
        "An error budget is not one minus the objective.",
        "Alerts fire at a burn rate of 14.",
        "Alerts fire at a burn rate of 4.4.",
        "Canaries receive five percent of the error budget.",
        "One minus the objective is an error budget.",
    ],
)
def test_a_cascade_leaves_a_changed_word_to_the_judge(claim):
    (question,) = asked("faithfulness", answer=claim, cascade=True)
    assert f"<<<1>>> {claim}" in question.prompt


def test_names_and_versions_tell_a_judge_a_panel_and_a_cascade_apart():
    def scorer(*judges, cascade=False, digest="d1"):
        return Judge(ScorerChoice(scorer="judge", judges=judges, cascade=cascade), replies=print, digest=digest)

    assert scorer("strong").name == "judge:strong"
    assert scorer("a", "b").name == "panel:a+b"
    assert scorer("strong", cascade=True).name == "cascade:strong"
    assert scorer("strong").version != scorer("strong", digest="d2").version
    assert {spec.name for spec in scorer("a").slis} == {
        "faithfulness",
        "hallucination",
        "contradiction",
        "self_knowledge",
        "rubric",
        "task_success",
    }


def test_a_failed_call_asks_nothing():
    judge = Judge(ScorerChoice(scorer="judge", judges=("a",)), replies=lambda name, key: (), digest="d")
    failed = Sample(
        query_id="q",
        repeat=0,
        response=Response(error=CallError(kind=ErrorClass.TIMEOUT, message="")),
        attempts=1,
        started_at="",
    )
    assert judge.questions(GoldenQuery(id="q", query="How?"), failed, slis=[Sli(name="faithfulness")]) == []
