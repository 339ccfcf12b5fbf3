"""What the calls of a run will take, in print: about is said where it is about, and unknown is never 0."""

import io

import pytest
from rich.console import Console

from evalslo.model.outlook import CapOutlook, CostOutlook
from evalslo.report.costs import render_costs

WRITTEN = {
    "calls": 5000,
    "basis": "prompts",
    "queries": 1000,
    "looked_at": 1000,
    "prompt_tokens": 1_234_567.0,
    "completion_tokens": 1_000_000.0,
    "prompt_cost_usd": 0.6172835,
    "cost_usd": 2.6172835,
}
KEPT = {**WRITTEN, "basis": "run", "looked_at": 0, "run_id": "20261123T134454-s-2c49", "completion_tokens": 876_543.0}


def printed(*costs: CostOutlook, encoding: str = "utf-8", width: int = 100) -> str:
    raw = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    render_costs(costs, console=Console(file=raw, width=width))
    raw.flush()
    return raw.buffer.getvalue().decode(encoding)


def said(*caps: CapOutlook, **cost) -> str:
    return " ".join(printed(CostOutlook(**{**WRITTEN, **cost, "caps": caps})).split())


def test_prompts_that_were_written_out_bound_the_rest():
    page = said()
    assert "5,000 calls" in page
    assert "about 1,200,000 prompt tokens (4 bytes a token, 4 tokens a message)" in page
    assert "and at most 1,000,000 completion tokens" in page
    assert "about 0.617 usd for prompts, at most 2.00 usd for completions; retries come on top" in page


def test_a_part_of_the_prompts_is_called_a_part():
    assert "4 tokens a message, by 1,000 of 20,000 prompts)" in said(queries=20_000)


def test_answers_without_a_bound_are_unknown_and_not_nothing():
    page = said(completion_tokens=None, cost_usd=None)
    assert "an unknown number of completion tokens: endpoint.params.max_tokens would bound it" in page
    assert "about 0.617 usd for prompts; for completions unknown" in page


def test_without_a_price_the_cost_is_unknown():
    page = said(prompt_cost_usd=None, cost_usd=None, price_is_known=False)
    assert "cost unknown: set endpoint.price; retries come on top" in page
    assert "usd" not in page


def test_a_kept_run_is_named():
    page = said(**KEPT)
    assert "as in run 20261123T134454-s-2c49: about 1,200,000 prompt and 880,000 completion tokens" in page
    assert ", about 2.62 usd; retries come on top" in page


def test_a_kept_run_may_know_the_cost_alone_or_the_tokens_alone():
    assert "tokens unknown, about 2.62 usd" in said(**KEPT | {"prompt_tokens": None, "completion_tokens": None})
    tokens = said(**KEPT | {"cost_usd": None, "price_is_known": False})
    assert "completion tokens, cost unknown: set endpoint.price" in tokens


def test_a_recording_costs_nothing():
    page = printed(CostOutlook(calls=1, basis="recorded"))
    assert "1 call\n" in page
    assert "none is made: the answers are a recording, and cost nothing" in page


@pytest.mark.parametrize(("known", "hint"), [(True, ""), (False, "; set endpoint.price")])
def test_what_nobody_knows_is_said_to_be_unknown(known, hint):
    page = printed(CostOutlook(calls=10, basis="unknown", price_is_known=known))
    assert f"what they take is unknown until a run is kept{hint}\n" in page


@pytest.mark.parametrize(
    ("least", "most", "says"),
    [
        (5000, 5000, "limits.max_cost_usd 5 would not stop it"),
        (3123, 3123, "limits.max_cost_usd 5 would stop it after about 3,100 of 5,000 calls"),
        (1234, 3123, "limits.max_cost_usd 5 would stop it after about 1,200 to 3,100 of 5,000 calls"),
        (1234, 5000, "limits.max_cost_usd 5 may stop it, after 1,200 of 5,000 calls at the earliest"),
        (None, 3123, "limits.max_cost_usd 5 would stop it after 3,100 of 5,000 calls at the latest"),
        (None, 5000, "limits.max_cost_usd 5: whether it would stop the run is unknown"),
        (None, None, "limits.max_cost_usd 5: whether it would stop the run is unknown"),
        (0, 0, "limits.max_cost_usd 5 would stop it after about 0 of 5,000 calls"),
    ],
)
def test_where_a_cap_ends_the_run(least, most, says):
    assert said(CapOutlook(key="max_cost_usd", bound=5, least=least, most=most)).endswith(says)


def test_a_cap_of_tokens_is_written_whole():
    assert "limits.max_tokens 9,000,000 would not" in said(
        CapOutlook(key="max_tokens", bound=9_000_000, least=5000, most=5000)
    )


def test_what_a_row_holds_does_not_reach_the_terminal():
    page = printed(CostOutlook(**WRITTEN, notes=("1 of 2 prompts: \x1b[2J[bold]\u202e\nforged",)))
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "[bold]" in page
    assert "\nforged" not in page


@pytest.mark.parametrize("width", [30, 80])
def test_no_line_is_wider_than_the_page_and_ascii_will_do(width):
    page = printed(CostOutlook(**WRITTEN), encoding="ascii", width=width)
    assert max(map(len, page.splitlines())) <= width
    assert page.startswith("  -> 5,000 calls")
