"""The table of failed calls under a scorecard."""

import re

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.model.sample import ErrorClass
from evalslo.report.failed_calls import class_words


def table(page) -> list[str]:
    """The lines from the label `errors` to the next one."""
    lines = page.lines
    first = next(number for number, line in enumerate(lines) if line.startswith(" errors"))
    last = next(number for number, line in enumerate(lines) if line.startswith(" usage"))
    return lines[first:last]


def test_every_class_has_words_of_its_own():
    words = [class_words(kind.value, encoding="ascii") for kind in ErrorClass]
    assert len(set(words)) == len(ErrorClass)
    assert all("_" not in one and cell_len(one) <= 24 for one in words)
    assert class_words("connect_timeout", encoding="ascii") == "connect timeout"
    assert class_words("rate_limit", encoding="ascii") == "429 rate limit"
    assert class_words("refused", encoding="ascii") == "no connection (refused)"


def test_a_class_of_another_version_is_told_by_its_name(hostile):
    assert class_words("solar_flare", encoding="utf-8") == "solar flare"
    told = class_words(hostile, encoding="utf-8")
    assert "\x1b" not in told
    assert cell_len(told) <= 24


def test_classes_come_most_frequent_first_with_count_share_and_example(rendered, cards):
    lines = table(rendered(cards["failing"]))
    assert re.match(r" errors +75 of 614 calls failed$", lines[0])
    assert re.match(r" +429 rate limit +41 +6\.7 % +HTTP 429: Rate limit reached", lines[1])
    found = [match[1] for line in lines if (match := re.search(r"^ {17}([a-zA-Z0-9].*?)  +(\d+) ", line))]
    assert found[:4] == ["429 rate limit", "first token timeout", "connect timeout", "5xx server error"]


def test_there_are_eight_classes_at_most_and_the_rest_is_counted(rendered, cards):
    card = cards["failing"]
    lines = table(rendered(card))
    assert lines[-1].strip() == "and 2 more kinds"
    assert sum(" % " in f"{line} " for line in lines) == 8
    fewer = {kind: number for kind, number in card.errors.items() if kind != "tls"}
    assert table(rendered(replace(card, errors=fewer)))[-1].strip() == "and 1 more kind"


def test_an_example_takes_two_lines_at_most(rendered, cards):
    card = replace(cards["failing"], errors={"rate_limit": 41})
    assert len(table(rendered(card))) == 3
    assert table(rendered(card))[-1].endswith("…")


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_narrow_page_has_the_example_below_and_keeps_every_count(rendered, cards, width):
    page = rendered(cards["failing"], width=width)
    assert max(map(cell_len, page.lines)) <= width
    words = " ".join(" ".join(table(page)).split())
    assert re.search(r"429 rate limit 41 (6\.7 % )?HTTP 429:", words)
    assert re.search(r"no connection \(refused\) 2 ", words)


def test_markup_of_a_server_stays_as_it_is(rendered, cards):
    card = replace(cards["failing"], errors={"rate_limit": 1}, error_examples={"rate_limit": "slow [bold]down[/]"})
    assert "slow [bold]down[/]" in rendered(card).text


def test_a_share_that_cannot_be_is_not_told(rendered, cards):
    card = cards["failing"]
    strange = replace(card, usage=replace(card.usage, calls=0, retries=0, cached=0))
    assert re.search(r"429 rate limit +41 +– ", rendered(strange).text)


def test_a_run_without_failed_calls_has_no_table(rendered, cards):
    assert not any(line.startswith(" errors") for line in rendered(cards["passed"]).lines)
    assert "failed" not in rendered(cards["passed"]).text
