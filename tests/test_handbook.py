"""The example that is shipped: a sourced handbook, a golden set that fits it, and recordings that are whole."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from evalslo.loaders.golden import read_golden
from evalslo.scorers.answers import contains
from evalslo.store.run_folder import read_samples

ROOT = Path(__file__).parents[1]
HANDBOOK = ROOT / "fixtures" / "handbook"
MODELS = ("qwen-1.5b", "qwen-0.5b", "smollm2")
KEPT = json.loads((Path(__file__).parent / "support" / "handbook_scorecards.json").read_text(encoding="utf-8"))
GOLDEN = read_golden(HANDBOOK / "golden.jsonl", columns={})


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
    assert len(passages) >= 60
    assert len({passage.id for passage in passages}) == len(passages)
    for passage in passages:
        assert 40 <= len(passage.text.split()) <= 110, passage.id
        assert len(passage.source) > 20, passage.id


def test_the_golden_set_is_large_enough_and_has_what_it_should():
    queries = GOLDEN.queries
    unanswerable = [query for query in queries if query.answerable is False]
    assert len(queries) >= 120
    assert len(unanswerable) >= 0.15 * len(queries)
    assert all({"topic", "difficulty"} <= set(query.tags) for query in queries)
    assert any(query.group for query in queries)
    assert len({query.query for query in queries}) == len(queries)


def test_every_answerable_query_has_its_passage_and_its_key_in_it(assistant):
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
        assert any(contains(texts[passage], [key]) for passage in best for key in query.reference), query.id


def test_the_retriever_ranks_a_passage_first_for_its_own_title(assistant):
    passages = assistant.handbook()
    first = sum(assistant.retrieve(passage.title)[0]["id"] == passage.id for passage in passages)
    assert first >= 0.95 * len(passages)


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


VERDICTS = {None: 0, "qwen-0.5b": (1, 3), "smollm2": (1, 3)}


@pytest.mark.parametrize("variant", VERDICTS)
def test_the_three_models_get_three_verdicts(variant, tmp_path):
    more = [] if variant is None else ["--variant", variant]
    command = [sys.executable, "-m", "evalslo", "run", "suites/handbook.yaml", *more, "-o", str(tmp_path / "card.json")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=_environ(tmp_path), check=False)
    wanted = VERDICTS[variant]
    assert done.returncode in (wanted if isinstance(wanted, tuple) else (wanted,)), done.stdout
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["timings"] == ["recorded"]
    assert all(row["good"] is None or row["good"] + row["bad"] + row["excluded"] == 180 for row in card["objectives"])
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


def _environ(folder: Path) -> dict[str, str]:
    return os.environ | {"EVALSLO_HOME": str(folder / "home"), "COLUMNS": "100"}
