import pytest

from evalslo.model.sample import Usage
from evalslo.model.score import Missing
from evalslo.scorers.service import Service

STREAMED = {"latency_s": 2.0, "ttft_s": 0.5, "gaps_s": (0.1, 0.3)}


@pytest.mark.parametrize(("sli", "value"), [("latency", 2.0), ("ttft", 0.5), ("inter_token", 0.2), ("errors", 0.0)])
@pytest.mark.parametrize("timing", ["live", "recorded"])
def test_a_timed_answer_has_its_times(ask, sli, value, timing):
    score = ask(Service(), sli, timing=timing, **STREAMED)
    assert score.value == pytest.approx(value)
    assert (score.query_id, score.repeat, score.sli, score.scorer) == ("q", 3, sli, "service/1")


@pytest.mark.parametrize("sli", ["latency", "ttft", "inter_token"])
def test_a_cached_answer_has_no_times(ask, sli):
    assert ask(Service(), sli, timing="cached", **STREAMED).reason is Missing.NO_TIMING


@pytest.mark.parametrize("sli", ["ttft", "inter_token"])
def test_without_a_stream_there_is_no_first_token(ask, sli):
    assert ask(Service(), sli, latency_s=2.0).reason is Missing.NO_TIMING


def test_one_delta_has_no_gap(ask):
    assert ask(Service(), "inter_token", latency_s=2.0, ttft_s=2.0).reason is Missing.SHORT_ANSWER


def test_tokens_and_cost_are_what_the_endpoint_said(ask):
    assert ask(Service(), "tokens", usage=Usage(completion_tokens=42)).value == 42.0
    assert ask(Service(), "cost", cost_usd=0.0).value == 0.0


def test_what_is_not_said_is_unknown_and_not_nought(ask):
    assert ask(Service(), "tokens").reason is Missing.NO_USAGE
    assert ask(Service(), "tokens", usage=Usage(prompt_tokens=3)).reason is Missing.NO_USAGE
    assert ask(Service(), "cost").reason is Missing.NO_PRICE
    assert ask(Service(), "latency").reason is Missing.NO_TIMING


def test_throughput_is_a_figure_of_the_run():
    (spec,) = (spec for spec in Service().slis if spec.per_run)
    assert (spec.name, spec.unit, spec.better) == ("throughput", "/s", "higher")
