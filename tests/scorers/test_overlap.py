import gzip
import json
from statistics import fmean

import pytest

from evalslo.model.golden import Context
from evalslo.model.score import Missing
from evalslo.scorers.overlap import Overlap
from evalslo.scorers.overlap_claims import check
from evalslo.scorers.words import names, tokens, without_citations

HANDBOOK = (
    "An error budget is one minus the objective. Google's SRE workbook alerts at a burn rate of 14.4 over one hour.",
    "Canaries receive five percent of the traffic for thirty minutes before a release is promoted.",
)


def verdicts(answer, contexts, language="en"):
    return [evidence.verdict for evidence, _ in check(answer, contexts, language=language)]


def test_a_claim_that_the_contexts_make_is_supported(ask, contexts):
    score = ask(
        Overlap(), "faithfulness", answer="An error budget is one minus the objective.", contexts=contexts(*HANDBOOK)
    )
    assert score.value == 1.0
    (evidence,) = score.evidence
    assert (evidence.verdict, evidence.context_id) == ("supported", "c1")


def test_new_material_is_not(ask, contexts):
    answer = "The incident commander writes a postmortem within two weeks."
    assert ask(Overlap(), "faithfulness", answer=answer, contexts=contexts(*HANDBOOK)).value == 0.0
    assert ask(Overlap(), "hallucination", answer=answer, contexts=contexts(*HANDBOOK)).value == 1.0


def test_faithfulness_is_the_share_of_supported_claims_and_one_unsupported_claim_is_a_hallucination(ask, contexts):
    answer = (
        "Sure! An error budget is one minus the objective. Does that help? "
        "Canaries receive five percent of the traffic. Penguins swim across frozen Norwegian lakes."
    )
    found = ask(Overlap(), "faithfulness", answer=answer, contexts=contexts(*HANDBOOK))
    assert found.value == pytest.approx(2 / 3)
    assert [evidence.verdict for evidence in found.evidence] == [
        "not_a_claim",
        "supported",
        "not_a_claim",
        "supported",
        "unsupported",
    ]
    assert ask(Overlap(), "hallucination", answer=answer, contexts=contexts(*HANDBOOK)).value == 1.0


def test_the_span_is_the_nearest_sentence_in_its_context(contexts):
    given = contexts(*HANDBOOK, "Unrelated. Canaries sing. The traffic light is red.")
    ((evidence, _),) = check("Canaries receive five percent of the traffic.", given)
    start, end = evidence.span
    assert evidence.context_id == "c2"
    assert given[1].text[start:end] == HANDBOOK[1]


def test_a_number_that_is_in_no_context_makes_a_claim_unsupported_and_is_named(contexts):
    ((evidence, value),) = check(
        "Google's SRE workbook alerts at a burn rate of 17.2 over one hour.", contexts(*HANDBOOK)
    )
    assert evidence.verdict == "unsupported"
    assert "new number: 17.2" in evidence.reason
    assert value < 0.5


def test_a_name_that_is_in_no_context_makes_a_claim_unsupported_and_is_named(contexts):
    ((evidence, _),) = check(
        "Google's SRE workbook by Kowalski alerts at a burn rate of 14.4 over one hour.", contexts(*HANDBOOK)
    )
    assert evidence.verdict == "unsupported"
    assert "new name: kowalski" in evidence.reason


def test_citations_links_and_list_numbers_are_no_new_numbers(contexts):
    first = "7. An error budget is one minus the objective [12], [3, 4] [doc-99]."
    second = "8. Canaries receive [five](https://x.y/77) percent."
    assert verdicts(f"{first}\n{second}", contexts(*HANDBOOK)) == ["supported", "supported"]


def test_no_claim_is_no_score_never_one_or_nought(ask, contexts):
    for sli in ("faithfulness", "hallucination"):
        for answer in ("I don't know.", "Hello! How are you?", "The context does not say.", "", "```\nx = 1\n```"):
            score = ask(Overlap(), sli, answer=answer, contexts=contexts(*HANDBOOK))
            assert (score.value, score.reason) == (None, Missing.NO_CLAIM), answer


def test_empty_contexts_leave_every_claim_unsupported(ask):
    score = ask(Overlap(), "faithfulness", answer="Paris is the capital. It has two airports.", contexts=())
    assert score.value == 0.0
    assert [evidence.verdict for evidence in score.evidence] == ["unsupported", "unsupported"]
    assert all(evidence.context_id is None and evidence.span is None for evidence in score.evidence)
    assert ask(Overlap(), "hallucination", answer="Paris is the capital.", contexts=()).value == 1.0


def test_empty_contexts_with_an_abstention_are_no_claim(ask):
    assert ask(Overlap(), "faithfulness", answer="I do not know.", contexts=()).reason is Missing.NO_CLAIM


def test_no_contexts_at_all_is_no_score(ask):
    score = ask(Overlap(), "hallucination", answer="Paris is the capital.")
    assert (score.value, score.reason, score.evidence) == (None, Missing.NO_CONTEXTS, ())


def test_the_golden_querys_contexts_serve_where_the_response_has_none(ask, contexts):
    query = {"contexts": contexts(*HANDBOOK)}
    assert (
        ask(Overlap(), "faithfulness", answer="An error budget is one minus the objective.", query=query).value == 1.0
    )


def test_it_never_says_contradicted(contexts):
    answer = "An error budget is not one minus the objective. Canaries never receive five percent of the traffic."
    assert "contradicted" not in verdicts(answer, contexts(*HANDBOOK))


def test_words_of_two_contexts_do_not_meet_in_one_window(contexts):
    together = check("Canaries sing about budgets.", contexts("Canaries sing. About budgets."))
    apart = check("Canaries sing about budgets.", contexts("Canaries sing.", "About budgets."))
    assert apart[0][1] < together[0][1]


def test_chinese_and_german_answers_are_read_by_their_own_rules(contexts):
    assert verdicts("首都是北京。", contexts("中国的首都是北京，人口两千万。"), "zh") == ["supported"]
    assert verdicts("首都是巴黎铁塔。", contexts("中国的首都是北京，人口两千万。"), "zh") == ["unsupported"]
    budget = contexts("Das Fehlerbudget ist eins minus das Ziel und gilt für ein Fenster von 28 Tagen.")
    assert verdicts("Das Fehlerbudget gilt für ein Fenster von 28 Tagen.", budget, "de") == ["supported"]


@pytest.mark.parametrize(
    ("said", "written"),
    [("5 percent", "five percent"), ("30 minutes", "thirty minutes"), ("3.5 km", "3,50 km"), ("1,000 m", "1000 m")],
)
def test_a_number_spelt_otherwise_is_no_new_number(contexts, said, written):
    ((evidence, _),) = check(f"The canary flies {said}.", contexts(f"The canary flies {written}, and then it rests."))
    assert evidence.verdict == "supported"
    assert "new number" not in evidence.reason


def test_another_number_is_a_new_one_however_it_is_spelt(contexts):
    ((evidence, _),) = check("The canary flies 6 km.", contexts("The canary flies five km, 3.5 km or 60 km."))
    assert "new number: 6" in evidence.reason


def test_the_same_answer_gets_the_same_support_whatever_else_is_asked(contexts):
    answer = "Canaries receive traffic for thirty minutes. The burn rate is 14.4."
    alone = [value for _, value in check("The burn rate is 14.4.", contexts(*HANDBOOK))]
    assert [value for _, value in check(answer, contexts(*HANDBOOK))][1:] == alone


def test_a_half_surrogate_in_an_answer_is_scored_and_kept_out_of_the_evidence(contexts):
    ((evidence, _),) = check("An error budget \ud800 is one minus the objective.", contexts(*HANDBOOK))
    assert evidence.claim.encode("utf-8")
    assert evidence.verdict == "supported"


@pytest.mark.parametrize("text", ["“a. ", "```\n", "a. ", "[a](b", "“", " ", "1.111", "i not a b "])
def test_hostile_texts_end(text):
    assert isinstance(check(text * 8_000, [Context(id="c", text=text * 50_000)]), list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000,000 or 1.000.000", ["1000000", "or", "1000000"]),
        ("3.5 and 3,5", ["3.5", "and", "3,5"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("東京Tower", ["東", "京", "tower"]),
        ("v2 snake_case", ["v", "2", "snake", "case"]),
        ("１２ ﬁ", ["12", "fi"]),
    ],
)
def test_words_compare_across_spellings(text, expected):
    assert tokens(text) == expected


def test_a_title_has_no_names():
    assert names("The Rise And Fall Of Ancient Rome") == []


def test_what_only_points_is_left_out():
    kept = without_citations("So [2] it [1, 3] is 【4†a】 [here](http://x) [not this one]").split()
    assert kept == ["So", "it", "is", "[here", "[not", "this", "one]"]


def auc(rows):
    """The share of (faithful, unfaithful) pairs that the support puts in the right order; ties count half."""
    supports = [(row["label"], answer_support(row)) for row in rows]
    faithful = [value for label, value in supports if label == 1]
    unfaithful = [value for label, value in supports if label == 0]
    right = sum((a > b) + (a == b) / 2 for a in faithful for b in unfaithful)
    return right / (len(faithful) * len(unfaithful))


def answer_support(row):
    found = check(row["answer"], [Context(id="c", text=row["context"])], language="en")
    return fmean([value for _, value in found if value is not None] or [0.0])


@pytest.mark.parametrize(("name", "floor"), [("begin", 0.92), ("q2_dialogue", 0.66)])
def test_support_tells_faithful_from_unfaithful_on_peoples_labels(test_data, name, floor):
    with gzip.open(test_data / "grounding" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert auc(rows) >= floor
