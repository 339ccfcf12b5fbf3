"""What makes two suites the same to `--resume`: what they mean for answers and scores, not how they are written."""

import pytest

SUITE = """\
suite: small
golden: {path: golden.jsonl}
endpoint:
  kind: openai
  base_url: http://127.0.0.1/v1
  model: m
  params: {seed: 1, stop: [a, b]}
  price: {prompt_per_mtok: 1, completion_per_mtok: 1}
variants:
  other: {model: n}
repeats: 2
limits: {concurrency: 4, max_cost_usd: 5}
objectives:
  - hallucination <= 5%
  - errors <= 1%
"""
WITHOUT_LIMITS = SUITE.replace("limits: {concurrency: 4, max_cost_usd: 5}\n", "")


def test_it_is_a_sha256(suite_of):
    digest = suite_of(SUITE).digest
    assert digest.startswith("sha256:")
    assert len(digest) == 71


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("suite: small", "# a word\nsuite:   'small'  # another"),
        ("{seed: 1, stop: [a, b]}", "{stop: [a, b], seed: 1}"),
        ("  kind: openai\n  base_url: http://127.0.0.1/v1\n", "  base_url: http://127.0.0.1/v1\n  kind: openai\n"),
        ("max_cost_usd: 5", "max_cost_usd: 50"),
        (", max_cost_usd: 5", ""),
        ("max_cost_usd: 5", "max_tokens: 1000"),
        ("max_cost_usd: 5", "max_cost_usd: 5, give_up_after: 7"),
        ("{model: n}", "{model: o}"),
        ("variants:\n  other: {model: n}\n", ""),
    ],
)
def test_what_changes_no_answer_and_no_score_is_no_other_suite(suite_of, old, new):
    assert SUITE.replace(old, new) != SUITE
    assert suite_of(SUITE.replace(old, new)).digest == suite_of(SUITE).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stop: [a, b]", "stop: [b, a]"),
        ("model: m", "model: k"),
        ("repeats: 2", "repeats: 3"),
        ("concurrency: 4", "concurrency: 5"),
        ("concurrency: 4", "concurrency: 4, retries: 0"),
        ("concurrency: 4", "concurrency: 4, retry_for: 1s"),
        ("concurrency: 4", "concurrency: 4, timeout: 1s, connect_timeout: 1s"),
        ("concurrency: 4", "concurrency: 4, requests_per_minute: 60"),
        ("concurrency: 4", "concurrency: 4, tokens_per_minute: 60"),
        ("hallucination <= 5%", "hallucination <= 4%"),
        ("prompt_per_mtok: 1,", "prompt_per_mtok: 2,"),
    ],
)
def test_what_can_change_a_number_is_another_suite(suite_of, old, new):
    assert suite_of(SUITE.replace(old, new)).digest != suite_of(SUITE).digest


def test_the_variant_is_in_it_and_so_is_its_name(suite_of):
    same = SUITE.replace("{model: n}", "{model: m}")
    digests = {
        suite_of(SUITE).digest,
        suite_of(SUITE, variant="other").digest,
        suite_of(same, variant="other").digest,
        suite_of(SUITE.replace("other:", "more:"), variant="more").digest,
    }
    assert len(digests) == 4


def test_settings_are_in_it_by_what_they_lead_to(suite_of):
    assert suite_of(SUITE, settings=["repeats=3"]).digest == suite_of(SUITE.replace("repeats: 2", "repeats: 3")).digest
    assert suite_of(SUITE, settings=["repeats=2"]).digest == suite_of(SUITE).digest
    assert suite_of(SUITE, settings=["repeats=3"]).digest != suite_of(SUITE).digest


def test_a_first_cap_makes_no_other_suite_of_one_without_limits(suite_of):
    capped = suite_of(WITHOUT_LIMITS, settings=["limits.max_cost_usd=5"])
    assert capped.limits.max_cost_usd == 5.0
    assert capped.digest == suite_of(WITHOUT_LIMITS).digest


def test_the_text_stays_what_was_read(suite_of):
    assert suite_of(SUITE + "# a word\n").text == SUITE + "# a word\n"
