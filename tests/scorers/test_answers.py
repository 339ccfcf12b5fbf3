import json

import pytest

from evalslo.errors import UsageError
from evalslo.model.score import Missing
from evalslo.model.sli import Sli
from evalslo.scorers.answers import Answers, contains, exact_match, json_valid, normalized, options_fault, token_f1


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [
        ("The Eiffel Tower!", "eiffel tower", True),
        ("  an   apple ", "Apple", True),
        ("Paris, France", "paris", False),
        ("«Москва».", "москва", True),
        ("北京。", "北京", True),
        ("STRASSE", "Straße", True),
        ("ﬁfty", "fifty", True),
        ("¿Cuándo?", "cuándo", True),
        ("हिन्दी।", "हिन्दी", True),
        ("café", "cafe", False),
        ("5 €", "5", False),
    ],
)
def test_exact_match_looks_past_case_punctuation_articles_and_form(answer, reference, same):
    assert exact_match(answer, [reference]) == float(same)


def test_any_reference_will_do():
    assert exact_match("Rome", ["Paris", "rome"]) == 1.0
    assert token_f1("Rome", ["Paris", "city of Rome"]) == pytest.approx(0.5)


def test_token_f1_counts_words_as_often_as_they_are_shared():
    # 3 shared of 4 and of 3: precision 3/4, recall 1
    assert token_f1("to be or be", ["be be or"]) == pytest.approx(6 / 7)


def test_token_f1_takes_a_han_character_as_a_word():
    assert normalized("北京市 Beijing") == ["北", "京", "市", "beijing"]
    assert token_f1("北京市", ["北京"]) == pytest.approx(0.8)


def test_token_f1_of_nothing_left_is_one_only_beside_nothing():
    assert token_f1("the", ["a!"]) == 1.0
    assert token_f1("the", ["word"]) == 0.0


@pytest.mark.parametrize(
    ("answer", "text", "found"),
    [
        ("It takes 28 days.", "28 days", True),
        ("It takes 128 days.", "28 days", False),
        ("The category is fixed", "cat", False),
        ("Ask the on-call engineer", "On-Call", True),
        ("首都是北京。", "北京", True),
        ("anything", "?!", False),
    ],
)
def test_contains_finds_whole_words_in_a_row(answer, text, found):
    assert contains(answer, [text]) == float(found)


def test_the_option_text_takes_the_place_of_the_references(ask):
    one = Sli(name="contains", slug="days", options={"text": "days"})
    either = Sli(name="contains", slug="unit", options={"text": ["hours", "weeks"]})
    query = {"reference": ("weeks",)}
    assert ask(Answers(), one, answer="28 days", query=query).value == 1.0
    assert ask(Answers(), either, answer="28 days", query=query).value == 0.0
    assert ask(Answers(), "contains", answer="four weeks", query=query).value == 1.0
    assert ask(Answers(), one, answer="28 days").sli == "contains:days"


@pytest.mark.parametrize("sli", ["exact_match", "token_f1", "contains"])
def test_without_a_reference_there_is_no_score(ask, sli):
    score = ask(Answers(), sli)
    assert (score.value, score.reason) == (None, Missing.NO_REFERENCE)


def test_regex_searches_the_answer(ask):
    cites = Sli(name="regex", slug="cites", options={"pattern": r"\[\d+\]"})
    assert ask(Answers(), cites, answer="It is so [2].").value == 1.0
    assert ask(Answers(), cites, answer="It is so.").value == 0.0


def test_regex_reads_a_bounded_part_of_the_answer(ask):
    last = Sli(name="regex", slug="end", options={"pattern": "z"})
    assert ask(Answers(), last, answer="a" * 99_999 + "z").value == 1.0
    assert ask(Answers(), last, answer="a" * 100_000 + "z").value == 0.0


@pytest.mark.parametrize(
    ("sli", "told"),
    [
        (Sli(name="regex", options={"pattern": "("}), "which is no pattern"),
        (Sli(name="regex"), "pattern: found None, wanted a regular expression"),
        (Sli(name="contains", options={"text": 7}), "text: found 7, wanted a text or a list of texts"),
        (Sli(name="contains", options={"text": []}), "wanted a text or a list of texts"),
        (Sli(name="contains", options={"text": ["a", 1]}), "wanted a text or a list of texts"),
    ],
)
def test_options_that_make_no_sense_are_told_before_anything_is_scored(ask, sli, told):
    assert told in options_fault(sli)
    with pytest.raises(UsageError):
        ask(Answers(), sli, query={"reference": ("x",)})


def test_options_that_make_sense_have_no_fault():
    assert options_fault(Sli(name="regex", options={"pattern": "a|b"})) is None
    assert options_fault(Sli(name="contains", options={"text": ["a"]})) is None
    assert options_fault(Sli(name="json_valid")) is None


@pytest.mark.parametrize("answer", ['{"a": [1, 2.5e3, null]}', ' "text"\n', "9" * 5_000, json.dumps({"k": "\ud800"})])
def test_a_whole_json_text_is_valid(answer):
    assert json_valid(answer) == 1.0


@pytest.mark.parametrize(
    "answer",
    ["", "{'a': 1}", '{"a": 1', '```json\n{"a": 1}\n```', "Here: {}", "NaN", "[Infinity]", "[" * 200_000, "\ufeff{}"],
)
def test_anything_else_is_not_json(answer):
    assert json_valid(answer) == 0.0


@pytest.mark.parametrize(
    ("answer", "key", "found"),
    [
        ("It allows 43.2 minutes.", "43.2 minutes", True),
        ("It allows 432 minutes.", "43.2 minutes", False),
        ("At most 1 % of them.", "1%", True),
        ("At most 1 of them.", "1%", False),
        ("In all 1,008 slices.", "1008", True),
    ],
)
def test_a_number_is_the_same_number_only_with_its_point_and_its_per_cent(answer, key, found):
    assert contains(answer, [key]) == float(found)
