import os
from pathlib import Path

import pytest

from evalslo.model.golden import Context, GoldenQuery
from evalslo.model.sample import Response, Sample
from evalslo.model.sli import Sli


@pytest.fixture(scope="session")
def test_data():
    """The folder of labelled data that is not part of the repository."""
    folder = Path(os.environ.get("EVALSLO_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; set EVALSLO_TEST_DATA to the folder with grounding/ and retrieval/")
    return folder


@pytest.fixture
def ask():
    """Scores one answer: `ask(scorer, "ndcg@5", answer=..., query=..., response=...)` gives the Score."""

    def ask(scorer, sli, *, answer="An answer.", contexts=None, query=None, **response):
        wanted = sli if isinstance(sli, Sli) else _sli(sli)
        golden = GoldenQuery(id="q", query="What?", **(query or {}))
        sample = Sample(
            query_id="q",
            repeat=3,
            response=Response(answer=answer, contexts=contexts, **response),
            attempts=1,
            started_at="2025-01-01T00:00:00Z",
        )
        (score,) = scorer.score(golden, sample, slis=[wanted])
        return score

    return ask


@pytest.fixture
def contexts():
    """Contexts of these texts: `contexts("first", "second")`."""

    def contexts(*texts):
        return tuple(Context(id=f"c{number}", text=text) for number, text in enumerate(texts, start=1))

    return contexts


def _sli(text):
    name, _, k = text.partition("@")
    return Sli(name=name, k=int(k) if k else None)
