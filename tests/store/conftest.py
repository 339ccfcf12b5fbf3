"""A manifest, samples, and a run folder to keep them in."""

import pytest
from msgspec.structs import replace

from evalslo.model.run import Manifest
from evalslo.model.sample import Response, Sample
from evalslo.model.scorecard import Fingerprint
from evalslo.store.run_folder import RunFolder, create_run

MANIFEST = Manifest(
    run_id="20250101T000000-rag-0001",
    state="collecting",
    suite="rag",
    service="assistant",
    suite_file="suites/rag.yaml",
    golden="golden.jsonl",
    variant="base",
    settings=("endpoint.model=v7",),
    queries=2,
    repeats=3,
    order_seed=0,
    limit=None,
    fingerprint=Fingerprint(
        golden="sha256:1",
        suite="sha256:2",
        endpoint={"kind": "openai", "params": {"seed": 7}},
        scorers={"errors": "s/1"},
    ),
    started_at="2025-01-01T00:00:00.000+00:00",
    finished_at=None,
    collecting_s=0.0,
    version="0.1",
)


def manifest(**changes):
    return replace(MANIFEST, **changes)


def sample(query_id="q0", *, repeat=0, answer="Paris", **response):
    return Sample(
        query_id=query_id,
        repeat=repeat,
        response=Response(answer=answer, **response),
        attempts=1,
        started_at="2025-01-01T00:00:00.000+00:00",
    )


def keep_run(home, **changes):
    """A new run in `home`, in a folder named after it."""
    kept = manifest(**changes)
    folder = RunFolder(home / "runs" / kept.run_id)
    create_run(folder, kept, suite_text="suite: rag\n", golden_lines=[b'{"id": "q0", "query": "?"}\n'])
    return folder


@pytest.fixture
def home(tmp_path):
    return tmp_path / ".evalslo"


@pytest.fixture
def folder(home):
    return keep_run(home)
