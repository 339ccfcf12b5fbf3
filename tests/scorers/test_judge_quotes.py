"""Quotes are looked up word for word, whatever white space, case or marks a judge made of them."""

import pytest

from evalslo.scorers.judge_quotes import find_quote, fold, says_something

TEXT = (
    "Intro. The SLO’s window\nis **28 days** (rolling); “nines” cost 1,000.5 €. Cafe\u0301 pay\u00adment\u200b: x << 2."
)


def quoted(quote, text=TEXT):
    span = find_quote(quote, fold(text))
    return None if span is None else text[slice(*span)]


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("The SLO’s window is", "The SLO’s window\nis"),
        ("the slo's   WINDOW", "The SLO’s window"),
        ("'28 days (rolling)'", "28 days** (rolling"),
        ('"nines" cost 1,000.5 €', "nines” cost 1,000.5 €"),
        ("…window is 28 days…", "window\nis **28 days"),
        ("window is 28 days.", "window\nis **28 days"),
        ("Café payment", "Cafe\u0301 pay\u00adment\u200b"),
        ("x < < 2", "x << 2"),
        (
            "The SLO's window is ... nines cost 1,000.5 €",
            "The SLO’s window\nis **28 days** (rolling); “nines” cost 1,000.5 €",
        ),
    ],
)
def test_a_quote_is_found_through_its_spelling(quote, found):
    assert quoted(quote) == found


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "...",
        "“”",
        "The window",
        "window is 29 days",
        "8 days",
        "1,000.5 $",
        "day",
        "wind",
        "nines cost 1,000.5 € ... The SLO's window is",  # in another order
        "Intro ... days ... x",  # words picked one by one
        "days nines",
        "cost 1,000",
    ],
)
def test_other_words_are_not(quote):
    assert quoted(quote) is None


def test_scripts_without_spaces_are_found_inside_a_sentence():
    assert quoted("首都是北京", "中国的首都是北京，人口两千万。") == "首都是北京"
    assert quoted("首都是巴黎", "中国的首都是北京，人口两千万。") is None
    assert quoted("हिन्दी में", "यह हिन्दी में है") == "हिन्दी में"


@pytest.mark.parametrize(
    ("quote", "says"), [("of the", False), ("", False), ("14.4", True), ("Paris", True), ("it is what it is", True)]
)
def test_a_few_function_words_are_no_quote(quote, says):
    assert says_something(quote, language="en") is says


@pytest.mark.parametrize("text", ["a ", "“", "<", "\u200b", "... ", "é\u0301", "首"])
def test_hostile_texts_end(text):
    within = fold(text * 100_000)
    assert find_quote(text * 20_000 + "b", within) is None
    assert find_quote(text * 1_000 + "b", within) is None
