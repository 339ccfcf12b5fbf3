"""The example that is shipped: a sourced handbook, a golden set that fits it, and recordings that are whole."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from evalslo import api
from evalslo.loaders.golden import read_golden
from evalslo.loaders.labels import read_labels
from evalslo.plugins import sli_specs
from evalslo.report.calibration_json import calibration_to_json
from evalslo.scorers.answers import contains
from evalslo.scorers.claims import read_answer
from evalslo.store.run_folder import read_samples

ROOT = Path(__file__).parents[1]
HANDBOOK = ROOT / "fixtures" / "handbook"
MODELS = ("qwen-1.5b", "qwen-0.5b", "smollm2")
KEPT = json.loads((Path(__file__).parent / "support" / "handbook_scorecards.json").read_text(encoding="utf-8"))
GOLDEN = read_golden(HANDBOOK / "golden.jsonl", columns={})
LANGUAGES = {query.id: query.language for query in GOLDEN.queries}


@pytest.fixture(scope="module")
def assistant():
    spec = importlib.util.spec_from_file_location("handbook_app", HANDBOOK / "app.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_handbook_is_long_enough_and_every_passage_has_a_source(assistant):
    passages = assistant.handbook()
    assert len(passages) >= 120
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        assert 40 <= len(passage.text.split()) <= 110, passage.id
        assert len(passage.source) > 20, passage.id


def test_the_golden_set_is_large_enough_and_has_what_it_should():
    queries = GOLDEN.queries
    unanswerable = [query for query in queries if query.answerable is False]
    assert len(queries) >= 200
    assert sum(query.language == "de" for query in queries) >= 20
    assert len(unanswerable) >= 0.15 * len(queries)
    assert all({"topic", "difficulty"} <= set(query.tags) for query in queries)
    assert any(query.group for query in queries)
    assert len({query.query for query in queries}) == len(queries)


def test_every_answerable_query_has_its_passage_and_its_key_in_it_unless_it_takes_arithmetic_or_translation(assistant):
    texts = {passage.id: f"{passage.title} {passage.text}" for passage in assistant.handbook()}
    for query in GOLDEN.queries:
        if query.answerable is False:
            assert not query.reference
            assert not query.relevant
            continue
        assert query.relevant
        assert set(query.relevant) <= set(texts), query.id
        keys = query.reference[1:]
        assert keys, query.id
        assert not contains(query.query, keys), f"{query.id}: the question gives its answer away"
        best = [passage for passage, grade in query.relevant.items() if grade == 2]
        said = any(contains(texts[passage], [key]) for passage in best for key in query.reference)
        assert said or query.tags["difficulty"] == "hard" or query.tags["topic"] == "cross-language", query.id


def test_the_retriever_ranks_a_passage_first_for_its_own_title(assistant):
    passages = assistant.handbook()
    first = sum(assistant.retrieve(passage.title)[0]["id"] == passage.id for passage in passages)
    assert first >= 0.95 * len(passages)


def test_the_assistant_asks_in_the_language_of_the_question(assistant):
    german, english = (assistant._messages("Wann?", [], language=language) for language in ("de", "en"))
    assert german[0]["content"].startswith("Du beantwortest")
    assert english[0]["content"].startswith("You answer")


def test_the_retriever_gives_three_passages_best_first(assistant):
    found = assistant.retrieve("How many minutes does a 99.9 percent objective allow?")
    assert len(found) == 3
    assert [context["score"] for context in found] == sorted((context["score"] for context in found), reverse=True)


@pytest.mark.parametrize("model", MODELS)
def test_a_recording_has_every_query_once_with_its_timings(model):
    samples = list(read_samples(HANDBOOK / "recorded" / f"{model}.jsonl"))
    counted = Counter(sample.query_id for sample in samples)
    assert counted == Counter(query.id for query in GOLDEN.queries)
    assert len({sample.response.model for sample in samples if sample.response.error is None}) == 1
    for sample in samples:
        if sample.response.error is None:
            assert 0 < sample.response.ttft_s <= sample.response.latency_s
            assert sample.response.usage.prompt_tokens > 100
            assert len(sample.response.contexts) == 3


VERDICTS = {None: 0, "qwen-0.5b": 1, "smollm2": 1}


@pytest.mark.parametrize("variant", VERDICTS)
def test_the_three_models_get_their_verdicts(variant, tmp_path):
    more = [] if variant is None else ["--variant", variant]
    command = [sys.executable, "-m", "evalslo", "run", "suites/handbook.yaml", *more, "-o", str(tmp_path / "card.json")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=_environ(tmp_path), check=False)
    assert done.returncode == VERDICTS[variant], done.stdout
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["timings"] == ["recorded"]
    assert all(
        row["good"] is None or row["good"] + row["bad"] + row["excluded"] == len(GOLDEN.queries)
        for row in card["objectives"]
    )
    assert re.search("PASS|FAIL|INCONCLUSIVE", done.stdout.splitlines()[0])
    _same_as_ever(card, KEPT[variant or "base"])


def _same_as_ever(card, kept):
    """Whoever changes a figure of the example on purpose changes it in the kept scorecards too."""
    assert card["verdict"] == kept["verdict"]
    assert card["errors"] == kept["errors"]
    assert [[one["objective"], one["query_id"], one["value"]] for one in card["worst"]] == kept["worst"]
    rows = {row["id"]: row for row in card["objectives"]}
    assert list(rows) == list(kept["objectives"])
    for name, (verdict, n, good, *bounds) in kept["objectives"].items():
        row = rows[name]
        assert (row["verdict"], row["n"], row["good"]) == (verdict, n, good), name
        assert [row["estimate"], row["lower"], row["upper"]] == pytest.approx(bounds, abs=1e-9), name


@pytest.mark.parametrize("model", MODELS)
def test_labels_are_of_recorded_answers_with_a_word_of_the_guideline_on_each_claim(model):
    answers = {one.query_id: one.response.answer for one in read_samples(HANDBOOK / "recorded" / f"{model}.jsonl")}
    path = HANDBOOK / "labels" / f"{model}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 100
    assert len(read_labels(path)) == len(rows)
    for row in rows:
        assert row["answer"] == answers[row["query_id"]]
        sentences = read_answer(row["answer"], language=LANGUAGES[row["query_id"]])
        assert row["claims"] == [one.text for one in sentences if one.not_a_claim is None]


@pytest.mark.parametrize("sli", ["faithfulness", "hallucination"])
def test_the_kept_calibration_is_what_comes_of_the_labels(sli, monkeypatch, tmp_path):
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path))
    run = api.run(api.load(ROOT / "suites" / "handbook.yaml")).folder
    kept = json.loads((HANDBOOK / "labels" / f"{sli}.json").read_text())
    found = api.calibrate(run, labels=HANDBOOK / "labels" / "qwen-1.5b.jsonl", sli=sli)
    assert json.loads(calibration_to_json(found)) | {"run_id": kept["run_id"]} == kept


@pytest.mark.parametrize(
    ("model", "variant"), [("qwen-1.5b", None), ("qwen-0.5b", "qwen-0.5b"), ("smollm2", "smollm2")]
)
def test_the_recorded_judge_still_replies_to_what_is_asked_today(model, variant, monkeypatch, tmp_path):
    """Other prompts are other questions: then the judge has to be recorded anew, and the tables with it."""
    monkeypatch.setenv("EVALSLO_HOME", str(tmp_path))
    path = HANDBOOK / "recorded" / f"judge-{model}.jsonl"
    replies = {json.loads(line)["key"] for line in path.read_text(encoding="utf-8").splitlines()}
    settings = ["judges.local.kind=recorded", f"judges.local.path={path}"]
    kept = api.run(api.load(ROOT / "suites" / "handbook.yaml", variant=variant, settings=settings))
    (row,) = [row for row in kept.scorecard.objectives if row.objective.id == "faithful"]
    assert 20 <= row.counts.n <= len(replies)
    found = api.calibrate(kept.folder, labels=HANDBOOK / "labels" / f"{model}.jsonl", sli="faithfulness")
    assert found.labelled.scorer.startswith("judge:local/")
    assert len(found.labelled.answers) >= 20


def _rows(suite: str, folder: Path) -> dict[str, dict]:
    card = folder / "card.json"
    command = [sys.executable, "-m", "evalslo", "run", f"suites/{suite}", "-q", "-o", str(card)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=_environ(folder), check=False)
    assert done.returncode == 0, done.stderr
    return {row["sli"]: row for row in json.loads(card.read_text(encoding="utf-8"))["objectives"]}


def _names(slis: Iterable[str]) -> set[str]:
    return {sli.partition("@")[0].partition(":")[0] for sli in slis}


JUDGED_ONLY = {"contradiction", "rubric"}
NOT_OF_A_RECORDING = {"cost", "throughput"}


def test_one_more_suite_shows_what_a_judge_scores_and_lets_none_of_it_pass(tmp_path):
    rows = _rows("handbook-judged.yaml", tmp_path)
    assert _names(rows) >= JUDGED_ONLY | {"faithfulness", "hallucination", "task_success"}
    judged = {sli: row for sli, row in rows.items() if sli != "errors"}
    assert {row["scorer"].partition("/")[0] for row in judged.values()} == {"judge:local"}
    assert [sli for sli, row in judged.items() if row["unmeasured"]] == []
    assert [sli for sli, row in judged.items() if row["critical"] or row["verdict"] == "pass"] == []


def test_the_judged_queries_are_the_golden_ones():
    golden = set((HANDBOOK / "golden.jsonl").read_text(encoding="utf-8").splitlines())
    judged = (HANDBOOK / "golden-judged.jsonl").read_text(encoding="utf-8").splitlines()
    assert 20 <= len(judged) == len(set(judged) & golden)


def test_the_other_suite_shows_every_sli_that_needs_neither_a_judge_nor_a_live_call(tmp_path):
    rows = _rows("handbook-slis.yaml", tmp_path)
    assert _names(rows) == sli_specs().keys() - JUDGED_ONLY - NOT_OF_A_RECORDING
    assert [sli for sli, row in rows.items() if row["estimate"] is None] == []
    corrected = {sli: row["correction"]["raw_estimate"] for sli, row in rows.items() if row["correction"]}
    assert corrected.keys() == {"faithfulness", "hallucination"}
    assert rows["faithfulness"]["estimate"] > corrected["faithfulness"]  # the screen is stricter than readers are


def _environ(folder: Path) -> dict[str, str]:
    return os.environ | {"EVALSLO_HOME": str(folder / "home"), "COLUMNS": "100"}
