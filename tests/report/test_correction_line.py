"""A corrected row says in print and in JSON what people's labels changed."""

import json

from msgspec.structs import replace

from evalslo.model.scorecard import Correction
from evalslo.report.scorecard_json import to_json

CORRECTION = Correction(method="post-stratified-cp", labels=120, raw_estimate=0.941, needed_labels=80)


def corrected(card, *, needed=80):
    row = replace(card.objectives[0], correction=replace(CORRECTION, needed_labels=needed))
    return replace(card, objectives=(row, *card.objectives[1:]))


def test_the_line_below_the_row(rendered, cards):
    text = rendered(corrected(cards["passed"])).text
    assert "corrected by 120 labels, was 94.1 %" in text
    assert "about 80 more labels would settle it" in text


def test_a_decided_row_asks_for_no_labels(rendered, cards):
    text = rendered(corrected(cards["passed"], needed=None)).text
    assert "corrected by 120 labels" in text
    assert "more labels" not in text


def test_json(cards):
    first, second, *_ = json.loads(to_json(corrected(cards["passed"])))["objectives"]
    assert first["correction"] == {
        "method": "post-stratified-cp",
        "labels": 120,
        "raw_estimate": 0.941,
        "needed_labels": 80,
    }
    assert second["correction"] is None
