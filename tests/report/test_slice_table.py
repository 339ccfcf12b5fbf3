"""The slices that stand out, as a scorecard shows them."""

import json

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from evalslo.model.objective import Slice
from evalslo.model.scorecard import SliceFinding
from evalslo.report.scorecard_json import to_json


def finding(objective="faithful", *, tag="language", value="de", stands_out=True, **figures):
    given = {"n": 120, "estimate": 0.813, "rest": 0.96, "p": 0.0004} | figures
    return SliceFinding(objective=objective, slice=Slice(tag=tag, value=value), stands_out=stands_out, **given)


def block(page):
    """The lines of the block `slices`."""
    lines = page.lines
    start = next(n for n, line in enumerate(lines) if line.startswith(" slices"))
    return lines[start : lines.index("", start)]


def test_what_stands_out_is_a_table_that_says_it_is_not_gated(rendered, cards):
    mean = finding("precision@5", tag="topic", value="returns", n=40, estimate=0.512, rest=0.763)
    lines = block(rendered(replace(cards["passed"], slices=(finding(), mean))))
    assert "explored, not gated" in lines[0]
    assert [line.split() for line in lines[1:]] == [
        ["objective", "slice", "n", "here", "elsewhere"],
        ["faithful", "language=de", "120", "81.3", "%", "96.0", "%"],
        ["precision@5", "topic=returns", "40", "0.512", "0.763"],
    ]


def test_what_does_not_stand_out_is_not_shown(rendered, cards):
    assert "slices" not in rendered(replace(cards["passed"], slices=(finding(stands_out=False),))).text
    assert "slices" not in rendered(cards["passed"]).text


def test_at_most_eight_are_shown_and_the_rest_is_counted(rendered, cards):
    many = tuple(finding(value=f"v{number}") for number in range(11))
    text = rendered(replace(cards["passed"], slices=many)).text
    assert "language=v7" in text
    assert "language=v8" not in text
    assert "and 3 more" in text


def test_a_finding_changes_no_verdict(rendered, cards):
    found = rendered(replace(cards["passed"], slices=(finding(),)))
    assert found.lines[0] == rendered(cards["passed"]).lines[0]


@pytest.mark.parametrize("width", [40, 60, 91, 92, 100, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_and_keeps_its_numbers(rendered, cards, hostile, width, encoding):
    card = replace(cards["passed"], slices=(finding(n=1_000_000), finding(tag=hostile, value=hostile * 9)))
    page = rendered(card, width=width, encoding=encoding)
    assert all(cell_len(line) <= width for line in page.lines)
    words = " ".join(" ".join(block(page)).split())
    for wanted in ("1,000,000", "81.3 %", "96.0 %", "language=de"):
        assert wanted in words


@pytest.mark.parametrize("width", [40, 100])
def test_a_strangers_tag_forges_nothing(rendered, cards, hostile, width):
    text = rendered(replace(cards["passed"], slices=(finding(tag=hostile, value=hostile),)), width=width).text
    assert not set(text) & (set(map(chr, [*range(32), *range(127, 160)])) - {"\n"})
    assert not any(line.lstrip().startswith("✓ PASS  forged") for line in text.splitlines())


def test_json_has_every_finding_and_the_slice_of_a_row(cards, hostile):
    card = cards["passed"]
    row = card.objectives[0]
    part = replace(row, objective=replace(row.objective, slice=Slice(tag="language", value=hostile)))
    findings = (finding(), finding(value="en", stands_out=False, p=0.7))
    read = json.loads(to_json(replace(card, objectives=(part, *card.objectives[1:]), slices=findings)))
    assert [(one["value"], one["p"], one["stands_out"]) for one in read["slices"]] == [
        ("de", 0.0004, True), ("en", 0.7, False),
    ]  # fmt: skip
    assert list(read["slices"][0]) == ["objective", "tag", "value", "n", "estimate", "rest", "p", "stands_out"]
    assert read["objectives"][0]["slice"]["tag"] == "language"
    assert [row["slice"] for row in read["objectives"][1:]] == [None] * 4
