"""Samples, scores and manifests as JSON and back."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalslo.errors import MeasurementError
from evalslo.model.golden import Context
from evalslo.model.sample import CallError, ErrorClass, Response, Sample, Usage
from evalslo.model.score import Evidence, Missing, Score
from evalslo.store.codec import decode_manifest, decode_sample, encode_manifest, encode_sample, encode_score
from tests.store.conftest import MANIFEST, manifest, sample

SAMPLE_KEYS = {
    "query_id", "repeat", "answer", "error", "contexts", "latency_s", "ttft_s", "gaps_s", "usage", "cost_usd", "model",
    "finish_reason", "attempts", "timing", "started_at",
}  # fmt: skip
SCORE_KEYS = {"query_id", "repeat", "sli", "value", "reason", "scorer", "evidence", "note"}
MANIFEST_KEYS = {
    "schema", "run_id", "state", "suite", "order_seed", "repeats", "fingerprint", "release", "environment", "started_at",
    "finished_at", "version",
}  # fmt: skip

TEXTS = st.text(st.characters(codec="utf-8"))  # controls, line separators, every script; no half surrogates
SECONDS = st.floats(min_value=0, max_value=1e6)
CONTEXTS = st.builds(Context, id=TEXTS, text=TEXTS, score=st.none() | st.floats(allow_nan=False, allow_infinity=False))
COUNTS = st.none() | st.integers(0, 10**9)
ERRORS = st.builds(CallError, kind=st.sampled_from(ErrorClass), message=TEXTS, status=st.none() | st.integers(100, 599))
OUTCOMES = st.fixed_dictionaries({"answer": TEXTS}) | st.fixed_dictionaries({"error": ERRORS})
DETAILS = st.fixed_dictionaries(
    {
        "contexts": st.none() | st.lists(CONTEXTS, max_size=3).map(tuple),
        "latency_s": st.none() | SECONDS,
        "ttft_s": st.none() | SECONDS,
        "gaps_s": st.lists(SECONDS, max_size=4).map(tuple),
        "usage": st.none() | st.builds(Usage, prompt_tokens=COUNTS, completion_tokens=COUNTS),
        "cost_usd": st.none() | SECONDS,
        "model": st.none() | TEXTS,
        "finish_reason": st.none() | TEXTS,
        "timing": st.sampled_from(["live", "recorded", "cached"]),
    }
)
SAMPLES = st.builds(
    lambda outcome, details, **rest: Sample(response=Response(**outcome, **details), **rest),
    OUTCOMES,
    DETAILS,
    query_id=TEXTS,
    repeat=st.integers(0, 1000),
    attempts=st.integers(1, 9),
    started_at=st.just("2025-01-01T00:00:00.000+00:00"),
)


@given(SAMPLES)
def test_a_sample_comes_back_as_it_was(kept):
    line = encode_sample(kept)
    assert decode_sample(line) == kept
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


@pytest.mark.parametrize("kind", list(ErrorClass))
def test_every_class_of_failed_call_is_kept(kind):
    error = CallError(kind=kind, message="no", status=503, retryable=True, retry_after_s=2.0)
    line = encode_sample(sample(answer=None, error=error))
    assert json.loads(line)["error"] == {"class": kind.value, "status": 503, "message": "no"}
    # whether it was worth another attempt is of no use afterwards: an error sample is final
    assert decode_sample(line).response.error == CallError(kind=kind, message="no", status=503)


def test_a_sample_has_the_keys_of_the_contract_and_null_where_there_is_nothing():
    line = json.loads(encode_sample(sample()))
    assert set(line) == SAMPLE_KEYS
    assert {key for key in SAMPLE_KEYS if line[key] is None} == {
        "error", "contexts", "latency_s", "ttft_s", "usage", "cost_usd", "model", "finish_reason",
    }  # fmt: skip
    full = json.loads(encode_sample(sample(contexts=(Context(id="a", text="b"),), usage=Usage(prompt_tokens=3))))
    assert full["contexts"] == [{"id": "a", "text": "b", "score": None}]
    assert full["usage"] == {"prompt_tokens": 3, "completion_tokens": None}


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (
            Score(query_id="q", repeat=1, sli="hit@5", scorer="s/1", value=0.5),
            {"value": 0.5, "reason": None, "evidence": []},
        ),
        (
            Score(query_id="q", repeat=1, sli="hit@5", scorer="s/1", reason=Missing.NO_RELEVANT),
            {"value": None, "reason": "no_relevant", "evidence": []},
        ),
        (
            Score(
                query_id="q",
                repeat=1,
                sli="hit@5",
                scorer="s/1",
                value=0.0,
                evidence=(Evidence(claim="c", verdict="unsupported", context_id="d", span=(3, 9)),),
            ),
            {
                "value": 0.0,
                "reason": None,
                "evidence": [
                    {
                        "claim": "c",
                        "verdict": "unsupported",
                        "context_id": "d",
                        "span": [3, 9],
                        "reason": None,
                        "in_reference": None,
                    }
                ],
            },
        ),
    ],
)
def test_a_score_has_the_keys_of_the_contract(score, told):
    line = json.loads(encode_score(score))
    assert set(line) == SCORE_KEYS
    assert line == {"query_id": "q", "repeat": 1, "sli": "hit@5", "scorer": "s/1", "note": None} | told


def test_half_surrogates_are_replaced_and_lose_no_run():
    half = "a\ud800b\udfff"
    error = CallError(kind=ErrorClass.EXCEPTION, message=half)
    kept = decode_sample(encode_sample(sample(half, answer=half, model=half, contexts=(Context(id=half, text=half),))))
    assert kept == sample(
        "a\ufffdb\ufffd", answer="a\ufffdb\ufffd", model="a\ufffdb\ufffd",
        contexts=(Context(id="a\ufffdb\ufffd", text="a\ufffdb\ufffd"),),
    )  # fmt: skip
    assert decode_sample(encode_sample(sample(answer=None, error=error))).response.error.message == "a\ufffdb\ufffd"
    score = Score(
        query_id="q", repeat=0, sli="s", scorer="s/1", value=1.0, evidence=(Evidence(claim=half, verdict="supported"),)
    )
    assert json.loads(encode_score(score))["evidence"][0]["claim"] == "a\ufffdb\ufffd"


@given(st.text(st.characters(), max_size=20))
def test_any_text_is_kept_as_one_line_of_the_same_length(text):
    line = encode_sample(sample(answer=text))
    assert line.count(b"\n") == 1
    assert decode_sample(line).response.answer == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param(b"", "truncated", id="nothing"),
        pytest.param(b"null", "object", id="not an object"),
        pytest.param(b'{"query_id": "q"', "truncated", id="cut short"),
        pytest.param(b'{"repeat": 0, "answer": "a"}', "query_id", id="no query"),
        pytest.param(b'{"query_id": "q", "repeat": "0", "answer": "a"}', "repeat", id="a repeat that is a text"),
        pytest.param(b'{"query_id": "q", "repeat": 0}', "answer or an error", id="neither"),
        pytest.param(
            b'{"query_id": "q", "repeat": 0, "answer": "a", "error": {"class": "timeout"}}', "not both", id="both"
        ),
        pytest.param(b'{"query_id": "q", "repeat": 0, "error": {"class": "tired"}}', "tired", id="unknown class"),
        pytest.param(b'{"query_id": "q", "repeat": 0, "answer": "a", "timing": "late"}', "late", id="unknown timing"),
        pytest.param(b'{"query_id": "q", "repeat": 0, "answer": "a", "latency_s": 1e999}', "latency_s", id="infinite"),
        pytest.param(b'{"query_id": "q", "repeat": 0, "answer": "\xff"}', "", id="no UTF-8"),
    ],
)
def test_a_line_that_is_no_sample_is_told(line, told):
    with pytest.raises(MeasurementError, match=r"^not a sample: ") as caught:
        decode_sample(line)
    assert told in str(caught.value)


def test_a_recording_needs_no_more_than_query_repeat_and_answer():
    kept = decode_sample(b'{"query_id": "q", "repeat": 0, "answer": "a", "of_a_later_version": 1}')
    assert kept == Sample(query_id="q", repeat=0, response=Response(answer="a"), attempts=1, started_at="")


@pytest.mark.parametrize(
    "changes", [{}, {"limit": 3, "state": "finished", "finished_at": "x", "release": "r", "variant": None}]
)
def test_a_manifest_comes_back_as_it_was(changes):
    kept = manifest(**changes)
    assert decode_manifest(encode_manifest(kept)) == kept


def test_a_manifest_says_its_schema_first_and_has_the_keys_of_the_contract():
    row = json.loads(encode_manifest(MANIFEST))
    assert next(iter(row.items())) == ("schema", "evalslo.run/1")
    assert set(row) >= MANIFEST_KEYS
    assert row["fingerprint"]["golden"] == "sha256:1"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{}", "manifest schema None"),
        (b'{"schema": "evalslo.run/2"}', "another version"),
        (b'{"schema": "evalslo.run/1"}', "not a manifest: "),
        (b'{"schema": "evalslo.run/1", "run_id": 3}', "not a manifest: "),
        (b"[]", "not a manifest: "),
        (b'{"schema"', "not a manifest: "),
    ],
)
def test_what_is_no_manifest_of_this_schema_is_refused(data, told):
    with pytest.raises(MeasurementError) as caught:
        decode_manifest(data)
    assert told in str(caught.value)


def test_a_number_that_json_lacks_is_kept_as_unknown():
    assert decode_sample(encode_sample(sample(cost_usd=math.inf))).response.cost_usd is None
