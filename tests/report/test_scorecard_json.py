"""The scorecard as machines read it."""

import json
from fractions import Fraction
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from evalslo.report.scorecard_json import jsonable, to_json

DOCUMENTED = [
    "schema", "suite", "service", "run_id", "release", "environment", "started_at", "finished_at", "verdict",
    "exit_code", "reasons", "objectives", "comparison", "budget", "sequential", "freeze", "usage", "fingerprint",
]  # fmt: skip
MORE = ["variant", "timings", "errors", "error_examples", "worst", "advice", "slices", "lag"]
ROW = [
    "id", "text", "place", "slice", "critical", "sli", "scorer", "shape", "op", "target", "event", "quantile",
    "estimate", "lower", "upper", "alpha", "method", "p_pass", "p_fail", "verdict", "needed", "planned", "n", "good",
    "bad", "excluded", "excluded_reasons", "unmeasured", "not_applicable", "worst_case", "clusters", "icc",
    "design_effect", "correction", "parts", "variance",
]  # fmt: skip


def read(card) -> dict:
    return json.loads(to_json(card))


def row(card, name: str) -> dict:
    return next(one for one in read(card)["objectives"] if one["id"] == name)


def test_the_keys_are_the_documented_ones_in_their_order(card):
    document = read(card)
    assert list(document) == DOCUMENTED + MORE
    assert all(list(one) == ROW for one in document["objectives"])
    assert list(document["usage"]) == [
        "calls", "retries", "prompt_tokens", "completion_tokens", "cost_usd", "judge", "cached",
    ]  # fmt: skip
    assert list(document["fingerprint"]) == ["golden", "suite", "endpoint", "scorers", "judges"]
    assert all(list(one) == ["code", "objective", "text"] for one in document["reasons"])


def test_what_does_not_apply_is_null(card):
    document = read(card)
    for key in ("release", "environment", "comparison", "budget", "sequential", "freeze"):
        assert document[key] is None
    assert all((one["slice"], one["correction"], one["parts"]) == (None, None, None) for one in document["objectives"])


def test_a_row_carries_its_numbers_as_they_are(cards):
    found = row(cards["inconclusive"], "hallucination")
    wanted = {
        "op": "<=", "target": 0.05, "estimate": 0.035, "lower": 0.0165, "upper": 0.0647, "alpha": 0.05,
        "p_pass": 0.21, "p_fail": 0.88, "verdict": "inconclusive", "needed": 401, "planned": 200, "n": 200,
        "good": 193, "bad": 7, "excluded": 0, "excluded_reasons": {}, "worst_case": 0.035, "clusters": 200,
        "place": {"file": "suites/rag.yaml", "line": 31}, "method": "clopper-pearson", "event": None, "quantile": None,
    }  # fmt: skip
    assert {key: found[key] for key in wanted} == wanted


def test_a_quantile_has_its_event_in_the_quantitys_unit(cards):
    found = row(cards["passed"], "latency-p95")
    assert found["event"] == {"op": "<=", "value": 2.0, "unit": "s", "of": "requests"}
    assert found["quantile"] == {"q": 0.95, "estimate": 1.4213, "lower": 1.1042, "upper": 1.9038}
    assert (found["op"], found["target"], found["shape"]) == (">=", 0.95, "event_ratio")


def test_a_mean_has_no_good_and_bad(cards):
    found = row(cards["passed"], "precision@5")
    assert (found["shape"], found["good"], found["bad"], found["sli"]) == ("mean", None, None, "precision@5")


def test_a_row_that_could_not_be_measured_has_null_estimates(cards):
    found = row(cards["unmeasured"], "abstention")
    assert [found[key] for key in ("estimate", "lower", "upper", "p_pass", "method", "clusters", "needed")] == [
        None
    ] * 7
    assert found["excluded_reasons"] == {"answerable": 160, "call_error": 9}
    assert (found["excluded"], found["unmeasured"], found["not_applicable"]) == (169, 9, 160)


def test_the_design_effect_is_there(cards):
    found = row(cards["passed"], "faithful")
    assert (found["design_effect"], found["icc"], found["clusters"]) == (1.42, 0.21, 199)


def test_reasons_of_rows_follow_those_of_the_run(cards):
    codes = [(one["code"], one["objective"]) for one in read(cards["failed"])["reasons"]]
    of_the_run = [("missed", "faithful"), ("fail_unconfirmed", "hallucination")]
    assert codes == [*of_the_run, ("missed", "rubric:tone"), ("uncalibrated", "rubric:tone")]


def test_worst_answers_keep_their_evidence(cards):
    worst = read(cards["failed"])["worst"]
    assert worst[0]["evidence"][1] == {
        "claim": "You can return digital purchases within 90 days of the order.",
        "verdict": "contradicted",
        "context_id": "policy-4",
        "span": [12, 48],
        "reason": 'the context says "within 14 days of delivery"',
    }
    assert (worst[1]["answer"], worst[1]["value"]) == (None, None)


def test_equal_scorecards_have_equal_bytes(card):
    turned = replace(
        card,
        fingerprint=replace(
            card.fingerprint, endpoint=MappingProxyType(dict(reversed(list(card.fingerprint.endpoint.items()))))
        ),
        errors=dict(reversed(list(card.errors.items()))),
        timings=tuple(reversed(card.timings)),
    )
    assert to_json(card) == to_json(turned)


def test_the_bytes_are_ascii_without_control_characters(card):
    data = to_json(card)
    assert data.endswith(b"}\n")
    assert data.isascii()
    assert not set(data) & (set(range(32)) - {ord("\n")})


def test_hostile_text_comes_back_as_it_was_but_for_lone_surrogates(cards, hostile):
    assert read(cards["hostile"])["suite"] == hostile.replace("\ud800", "\ufffd")


def test_the_lag_is_in_seconds_and_null_where_no_call_was_live(cards):
    assert read(cards["failing"])["lag"] == {"p50_s": 0.00005, "p99_s": 0.00041, "max_s": 0.0031, "in_times": True}
    assert read(cards["recorded"])["lag"] is None


def test_answers_from_the_cache_are_counted_apart_from_calls(cards):
    usage = read(cards["failing"])["usage"]
    assert (usage["calls"], usage["retries"], usage["cached"], usage["judge"]) == (720, 120, 14, None)


def test_failed_calls_keep_the_names_of_their_classes(cards):
    assert read(cards["failing"])["errors"]["first_token_timeout"] == 12


def test_a_number_that_is_not_finite_is_null(cards):
    assert read(cards["hostile"])["worst"][0]["value"] is None


def test_fractions_become_floats_and_other_things_are_refused():
    assert jsonable({"a": (Fraction(1, 4), True, 3)}) == {"a": [0.25, True, 3]}
    with pytest.raises(TypeError, match="a bytes, which JSON does not have"):
        jsonable({"key": b"secret"})
