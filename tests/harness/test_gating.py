"""A log gated sample by sample: what it decides is what the same samples decide in lists, and none of them is held."""

import gc
import random

import pytest
from msgspec.structs import replace

from evalslo import plugins
from evalslo.harness.begin import Begun
from evalslo.harness.evaluate import evaluate
from evalslo.harness.gating import score_and_gate
from evalslo.harness.plan import planned_calls
from evalslo.harness.score import score_all
from evalslo.model.golden import GoldenQuery, GoldenSet
from evalslo.model.run import Stop
from evalslo.model.sample import CallError, ErrorClass, Response, Sample
from evalslo.model.scorecard import Lag, Verdict
from evalslo.report.scorecard_json import to_json
from evalslo.store.codec import encode_sample
from evalslo.store.run_folder import RunFolder
from tests.slo.conftest import events, mean, quantile, rate, suite
from tests.support.runs import manifest

QUERIES = tuple(
    GoldenQuery(
        id=f"q{n}",
        query=f"{n}?",
        reference=("yes",) if n % 7 else (),
        group=f"g{n // 4}" if n % 5 == 0 else None,
        tags={"topic": "abc"[n % 3]},
        weight=1.0 + n % 2,
    )
    for n in range(120)
)
GOLDEN = GoldenSet(queries=QUERIES, digest="sha256:0", source="golden.jsonl")
OBJECTIVES = [
    rate(">=", "0.6", sli="contains"),
    rate("<=", "0.2"),
    quantile("0.9", "<=", "0.07"),
    events("0.5", "<=", "0.07", id="whole", of="queries"),
    mean(">=", "0.5", critical=False),
]
SUITE = replace(suite(OBJECTIVES, repeats=2), slis=plugins.sli_specs())


def answer(call, chance):
    if chance.random() < 0.08:
        response = Response(error=CallError(kind=ErrorClass.SERVER, message=f"HTTP 500 {call.query.id}"))
    else:
        said = "yes, it is" if chance.random() < 0.8 else "no"
        response = Response(answer=said, latency_s=0.03 + 0.03 * chance.random())
    return Sample(query_id=call.query.id, repeat=call.repeat, response=response, attempts=1, started_at="")


def collected(folder, run, *, seed=3, missing=0.05):
    """A run's samples in planned order, and a log of them in another, with doubles and samples of nobody's."""
    chance = random.Random(seed)
    samples = [answer(call, chance) for call in planned_calls(GOLDEN, run) if chance.random() >= missing]
    stray = [replace(samples[0], query_id="nobody"), replace(samples[0], repeat=7)]
    lines = [*samples, *stray]
    chance.shuffle(lines)
    lines += [replace(one, attempts=9) for one in samples[::10]]
    folder.path.mkdir(parents=True, exist_ok=True)
    folder.samples_file.write_bytes(b"".join(map(encode_sample, lines)))
    return samples


def gated(folder, run, *, on_progress=lambda _: None):
    scores = []
    begun = Begun(folder=folder, manifest=run)
    card = score_and_gate(SUITE, GOLDEN, begun, keep=scores.extend, on_progress=on_progress)
    return scores, card


@pytest.mark.parametrize(
    ("run", "missing"),
    [
        (manifest(queries=120, repeats=2), 0.05),
        (manifest(queries=40, repeats=2, limit=40), 0.0),
        (manifest(queries=120, repeats=2, sampling="sequential"), 0.0),
        (manifest(queries=120, repeats=2, sampling="sequential", finished_at=None, state="interrupted"), 0.02),
    ],
    ids=["fixed", "limited", "sequential", "interrupted"],
)
def test_a_log_decides_what_its_samples_decide(tmp_path, run, missing):
    folder = RunFolder(tmp_path / "run")
    samples = collected(folder, run, missing=missing)
    asked = {call.query.id for call in planned_calls(GOLDEN, run)}
    queries = [query for query in QUERIES if query.id in asked]
    wanted = score_all(SUITE, queries, samples)
    scores, card = gated(folder, run)
    assert scores == wanted
    assert card == evaluate(SUITE, run, queries=queries, samples=samples, scores=wanted)
    assert card.worst or run.finished_at is None
    assert to_json(gated(folder, run)[1]) == to_json(card)


def test_no_sample_is_held_while_the_others_pass_by(tmp_path):
    folder, run = RunFolder(tmp_path / "run"), manifest(queries=120, repeats=2)
    collected(folder, run)
    alive = []

    def keep(scores):
        for number, _ in enumerate(scores):
            if number % 100 == 99:
                gc.collect()
                alive.append(sum(type(one) is Sample for one in gc.get_objects()))

    before = sum(type(one) is Sample for one in gc.get_objects())
    score_and_gate(SUITE, GOLDEN, Begun(folder=folder, manifest=run), keep=keep, on_progress=lambda _: None)
    assert len(alive) > 5
    assert max(alive) - before <= 2


def test_progress_ends_at_the_number_of_samples(tmp_path):
    folder, run = RunFolder(tmp_path / "run"), manifest(queries=120, repeats=2)
    samples = collected(folder, run)
    told = []
    gated(folder, run, on_progress=lambda progress: told.append((progress.stage, progress.done, progress.planned)))
    assert told[-1] == ("score", len(samples), len(samples))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    assert len(told) > 50


def test_a_run_without_a_log_has_no_answer(tmp_path):
    scores, card = gated(RunFolder(tmp_path / "none"), manifest(queries=120, repeats=2))
    assert (scores, card.verdict, card.exit_code) == ([], Verdict.ERROR, 4)
    assert "no call was made" in card.reasons[0].text


def test_a_run_that_was_ended_early_says_why_and_how_late_its_loop_was(tmp_path):
    run = manifest(
        queries=120,
        repeats=2,
        finished_at=None,
        state="interrupted",
        stopped=Stop(code="cost_cap", text="spent"),
        lag=Lag(p50_s=0.0, p99_s=0.01, max_s=0.02),
    )
    folder = RunFolder(tmp_path / "run")
    collected(folder, run, missing=0.0)
    card = gated(folder, run)[1]
    assert (card.lag, card.exit_code, card.reasons[0].code) == (run.lag, 4, "cost_cap")
    blurred = [row.objective.id for row in card.objectives if any(one.code == "timing_error" for one in row.reasons)]
    assert blurred == ["latency", "whole"]
