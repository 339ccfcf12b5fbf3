"""The edge cases of the claim table, one by one, and what is read off it."""

import pytest

from evalslo.model.golden import GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.score import Evidence, Missing
from evalslo.model.sli import Sli
from evalslo.scorers.abstention import Abstention
from evalslo.scorers.claim_slis import CLAIM_SLIS, claim_value
from evalslo.scorers.overlap import Overlap

FACTS = (
    "An error budget is one minus the objective. The burn rate is alerted on at 14.4 over one hour.",
    "Canaries receive five percent of the traffic for thirty minutes before a release is promoted.",
)
SUPPORTED = "An error budget is one minus the objective."
UNSUPPORTED = "Penguins swim across frozen Norwegian lakes."


@pytest.fixture
def measure(ask, contexts):
    """What overlap says of an answer to FACTS: `measure("faithfulness", answer)` gives the Score."""

    def measure(sli, answer, *, given=FACTS, **query):
        return ask(Overlap(), sli, answer=answer, contexts=None if given is None else contexts(*given), query=query)

    return measure


def kinds(score):
    return [(one.verdict, one.reason if one.verdict == "not_a_claim" else None) for one in score.evidence]


def row(*verdicts, known=None):
    return [Evidence(claim="c", verdict=verdict, in_reference=known) for verdict in verdicts]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (("supported",), {"faithfulness": 1.0, "hallucination": 0.0, "contradiction": 0.0}),
        (("supported", "unsupported"), {"faithfulness": 0.5, "hallucination": 1.0, "contradiction": 0.0}),
        (("supported", "contradicted"), {"faithfulness": 0.5, "hallucination": 1.0, "contradiction": 1.0}),
        (("unsupported", "not_a_claim"), {"faithfulness": 0.0, "hallucination": 1.0, "contradiction": 0.0}),
        (("supported", "not_a_claim"), {"faithfulness": 1.0, "hallucination": 0.0, "contradiction": 0.0}),
    ],
)
def test_a_table_gives_each_sli_its_value(verdicts, expected):
    assert {sli: claim_value(row(*verdicts), sli=sli) for sli in expected} == expected


@pytest.mark.parametrize("sli", sorted(CLAIM_SLIS))
@pytest.mark.parametrize("verdicts", [(), ("not_a_claim",), ("not_a_claim", "not_a_claim")])
def test_a_table_without_a_claim_has_no_value(sli, verdicts):
    assert claim_value(row(*verdicts), sli=sli) is Missing.NO_CLAIM


def test_self_knowledge_is_what_only_the_reference_supports():
    table = [
        *row("supported", "unsupported", "contradicted", known=True),
        *row("supported", "unsupported", known=False),
        *row("not_a_claim"),
    ]
    assert claim_value(table, sli="self_knowledge") == 2 / 5
    assert claim_value(row("supported", "unsupported"), sli="self_knowledge") is Missing.NO_REFERENCE


def test_overlap_measures_all_of_the_table_but_contradiction():
    assert {spec.name for spec in Overlap().slis} == set(CLAIM_SLIS) - {"contradiction"}


@pytest.mark.parametrize("sli", ["faithfulness", "hallucination", "self_knowledge"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I don't know.", "abstention"),
        ("The contexts do not mention any fee.", "abstention"),
        ("Which release do you mean?", "question"),
        ("Hello!", "greeting"),
        ("I hope this helps!", "greeting"),
        ("Here are the three steps:", "lead-in"),
        ("## Error budgets", "heading"),
        ("```python\nbudget = 1 - objective\n```", "code"),
        ("[2]", "no content word"),
        ("Yes, it is.", "no content word"),
    ],
)
def test_an_answer_without_a_claim_is_neither_faithful_nor_hallucinated(measure, sli, answer, reason):
    score = measure(sli, answer, reference=(SUPPORTED,))
    assert (score.value, score.reason) == (None, Missing.NO_CLAIM)
    assert kinds(score) == [("not_a_claim", reason)]
    assert not score.reason.applicable


def test_an_empty_answer_has_an_empty_table(measure):
    score = measure("faithfulness", "")
    assert (score.reason, score.evidence) == (Missing.NO_CLAIM, ())


def test_an_abstention_is_heard_by_its_own_sli(ask):
    for answerable, sli in ((False, "abstention"), (True, "over_abstention")):
        assert ask(Abstention(), sli, answer="I don't know.", query={"answerable": answerable}).value == 1.0


def test_an_abstention_beside_a_claim_takes_nothing_from_it(measure):
    score = measure("faithfulness", f"I don't know the exact date. {UNSUPPORTED}")
    assert kinds(score) == [("not_a_claim", "abstention"), ("unsupported", None)]
    assert score.value == 0.0


@pytest.mark.parametrize("given", [(), ("",), (" \n ",)])
def test_empty_contexts_support_nothing(measure, given):
    assert measure("faithfulness", SUPPORTED, given=given).value == 0.0
    assert measure("hallucination", SUPPORTED, given=given).value == 1.0


@pytest.mark.parametrize("sli", ["faithfulness", "hallucination", "self_knowledge"])
def test_no_contexts_at_all_are_not_measured(measure, sli):
    score = measure(sli, SUPPORTED, given=None, reference=(SUPPORTED,))
    assert (score.value, score.reason, score.evidence) == (None, Missing.NO_CONTEXTS, ())
    assert score.reason.applicable


def test_an_unsupported_claim_lowers_faithfulness_and_is_a_hallucination(measure):
    answer = f"{SUPPORTED} {UNSUPPORTED}"
    assert measure("faithfulness", answer).value == 0.5
    assert measure("hallucination", answer).value == 1.0


def test_a_question_a_greeting_and_code_beside_claims_count_nowhere(measure):
    answer = f"Hello! {SUPPORTED} Do you see?\n```\nx = 99\n```\nI hope this helps!"
    score = measure("faithfulness", answer)
    assert score.value == 1.0
    assert [verdict for verdict, _ in kinds(score)].count("not_a_claim") == 4


def test_each_item_of_a_list_is_a_claim_and_its_lead_in_is_none(measure):
    score = measure(
        "faithfulness",
        "The handbook names two facts:\n1. Canaries receive five percent of the traffic.\n2) Penguins receive ninety.\n",
    )
    assert kinds(score) == [("not_a_claim", "lead-in"), ("supported", None), ("unsupported", None)]


def test_each_row_of_a_table_is_a_claim_and_its_head_is_none(measure):
    table = (
        "| what | share |\n|---|:--|\n| canaries receive of the traffic | five percent |\n| penguins swim | ninety |"
    )
    assert kinds(measure("faithfulness", table)) == [
        ("not_a_claim", "heading"),
        ("not_a_claim", "no content word"),
        ("supported", None),
        ("unsupported", None),
    ]


@pytest.mark.parametrize(
    "mark", ["[2]", " [2].", "[1, 3]", " [doc-7]", "【4†handbook】", " [see](https://a.example/77)"]
)
def test_a_citation_is_no_new_material_and_no_sentence(measure, mark):
    score = measure("faithfulness", f"An error budget is one minus the objective{mark}")
    assert kinds(score) == [("supported", None)]


def test_a_fact_that_only_the_reference_has_is_self_knowledge(measure):
    answer = f"{SUPPORTED} {UNSUPPORTED} Whales sing about budgets in winter."
    score = measure(
        "self_knowledge", answer, reference=("Nothing.", "Penguins swim across frozen Norwegian lakes at night.")
    )
    assert score.value == pytest.approx(1 / 3)
    assert [one.in_reference for one in score.evidence] == [False, True, False]


def test_what_the_contexts_support_is_no_self_knowledge_even_where_the_reference_has_it(measure):
    score = measure("self_knowledge", SUPPORTED, reference=(SUPPORTED,))
    assert (score.value, score.evidence[0].in_reference) == (0.0, True)


def test_self_knowledge_needs_a_reference(measure):
    score = measure("self_knowledge", SUPPORTED)
    assert (score.value, score.reason) == (None, Missing.NO_REFERENCE)


def test_references_are_looked_at_for_self_knowledge_only(measure):
    score = measure("faithfulness", f"{SUPPORTED} {UNSUPPORTED}", reference=(UNSUPPORTED,))
    assert [one.in_reference for one in score.evidence] == [None, None]


def test_scores_do_not_depend_on_what_else_is_asked_for(measure, contexts):
    names = ["self_knowledge", "faithfulness", "hallucination"]
    answer = f"{SUPPORTED} {UNSUPPORTED}"
    query = GoldenQuery(id="q", query="What?", reference=(UNSUPPORTED,))
    sample = Sample(
        query_id="q",
        repeat=3,
        response=Response(answer=answer, contexts=contexts(*FACTS)),
        attempts=1,
        started_at="2025-01-01T00:00:00Z",
    )
    together = Overlap().score(query, sample, slis=[Sli(name=name) for name in names])
    assert together == [measure(name, answer, reference=(UNSUPPORTED,)) for name in names]
