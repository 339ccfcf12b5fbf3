"""The door for Python: the same path as the command line, from a script and inside a running loop."""

import pytest

import evalslo
from tests.support.suites import rows, write_suite


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return write_suite(tmp_path)


def test_load_run_and_gate(suite):
    heard = []
    kept = evalslo.run(evalslo.load(suite), on_progress=heard.append)
    assert kept.scorecard.verdict is evalslo.Verdict.PASS
    assert kept.scorecard.exit_code == 0
    assert (kept.folder / "samples.jsonl").is_file()
    assert [heard[0].done, heard[-1].stage] == [0, "score"]
    assert evalslo.gate() == evalslo.gate(kept.folder) == kept.scorecard


async def test_run_works_inside_a_running_loop(suite):
    assert evalslo.run(evalslo.load(suite)).scorecard.exit_code == 0
    assert (await evalslo.arun(evalslo.load(suite))).scorecard.exit_code == 0


def test_faults_are_raised_with_all_their_places(tmp_path):
    path = write_suite(tmp_path, objectives=["nonsense >= 1"], repeats=0)
    with pytest.raises(evalslo.FileFaults) as raised:
        evalslo.load(path)
    assert len(raised.value.faults) >= 2
    assert all(fault.file == str(path) and fault.line for fault in raised.value.faults)


def test_settings_and_limit(suite):
    loaded = evalslo.load(suite, settings=["repeats=2"])
    card = evalslo.run(loaded, limit=30).scorecard
    assert card.objectives[0].counts.planned == 60
    assert card.verdict is evalslo.Verdict.INCONCLUSIVE


PRICED = "async def answer(query):\n    yield 'Paris'\n    yield {'usage': {'prompt_tokens': 1000, 'completion_tokens': 10}}\n"


def test_price_and_throughput_and_tokens(tmp_path, suite):
    objectives = [
        "contains >= 90%",
        {"objective": "throughput >= 1/s", "critical": False},
        {"objective": "tokens p95 <= 20tokens", "critical": False},
        {"objective": "cost p95 <= 0.01usd", "critical": False},
        {"objective": "latency mean <= 5s", "critical": False},
    ]
    path = write_suite(tmp_path, app=PRICED, golden=rows(60), objectives=objectives)
    path.write_text(
        path.read_text().replace("kind: python", "kind: python\n  price: {prompt_per_mtok: 1, completion_per_mtok: 2}")
    )
    card = evalslo.run(evalslo.load(path)).scorecard
    _, throughput, tokens, cost, mean = card.objectives
    assert throughput.estimate.estimate > 1
    assert [reason.code for reason in throughput.reasons] == ["no_bound"]
    assert tokens.verdict is evalslo.Verdict.PASS
    assert cost.verdict is evalslo.Verdict.PASS
    assert cost.quantile.estimate == pytest.approx(0.00102)
    assert card.usage.cost_usd == pytest.approx(60 * 0.00102)
    assert (card.usage.prompt_tokens, card.usage.completion_tokens) == (60_000, 600)
    assert (mean.estimate.lower, [reason.code for reason in mean.reasons]) == (None, ["no_bound"])


def test_an_unknown_cost_is_unknown(suite):
    assert evalslo.run(evalslo.load(suite)).scorecard.usage.cost_usd is None


RETRIEVING = """
def answer(query):
    return {"answer": "Paris", "contexts": [{"id": "right", "text": "Paris."}]}
"""


@pytest.mark.parametrize(("source", "hit"), [(None, 1.0), ("response", 1.0), ("golden", 0.0)])
def test_contexts_come_from_where_the_suite_says(tmp_path, suite, source, hit):
    golden = rows(
        40, contexts=[{"id": "wrong", "text": "London."}, {"id": "right", "text": "Paris."}], relevant=["right"]
    )
    path = write_suite(tmp_path, app=RETRIEVING, golden=golden, objectives=["hit@1 >= 50%"])
    if source is not None:
        path.write_text(path.read_text().replace("kind: python", f"kind: python\n  contexts_from: {source}"))
    (row,) = evalslo.run(evalslo.load(path)).scorecard.objectives
    assert row.estimate.estimate == hit


def test_a_scorer_that_raises_is_a_missing_score_and_no_lost_run(suite, monkeypatch):
    def broken(*_, **__):
        raise ValueError("bug")

    monkeypatch.setattr("evalslo.scorers.answers.Answers.score", broken)
    card = evalslo.run(evalslo.load(suite)).scorecard
    assert card.verdict is evalslo.Verdict.ERROR
    assert dict(card.objectives[0].counts.excluded_reasons) == {"scorer_error": 40}
    assert "contains: its scorer failed 40 times: ValueError: bug" in card.advice
