from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from evalslo.loaders.suite import read_suite
from evalslo.model.sli import SliSpec
from evalslo.model.suite import Suite


def _specs() -> tuple[SliSpec, ...]:
    return (
        SliSpec(name="faithfulness", what="", kind="score", better="higher", unproven=True),
        SliSpec(name="hallucination", what="", kind="rate", better="lower", on_error="unmeasured"),
        SliSpec(name="exact_match", what="", kind="rate", better="higher"),
        SliSpec(name="errors", what="", kind="rate", better="lower"),
        SliSpec(name="verbosity", what="", kind="score", better=None),
        SliSpec(name="precision", what="", kind="score", better="higher", takes_k=True),
        SliSpec(name="latency", what="", kind="quantity", better="lower", unit="s"),
        SliSpec(name="ttft", what="", kind="quantity", better="lower", unit="s"),
        SliSpec(name="tokens", what="", kind="quantity", better=None, unit="tokens"),
        SliSpec(name="cost", what="", kind="quantity", better="lower", unit="usd"),
        SliSpec(name="throughput", what="", kind="quantity", better="higher", unit="/s", per_run=True),
        SliSpec(name="regex", what="", kind="rate", better="higher", options={"pattern": True}),
        SliSpec(name="contains", what="", kind="rate", better="higher", options={"text": False}),
    )


@pytest.fixture(scope="session")
def slis() -> Mapping[str, SliSpec]:
    return {spec.name: spec for spec in _specs()}


@pytest.fixture
def suite_of(tmp_path: Path, slis: Mapping[str, SliSpec]) -> Callable[..., Suite]:
    """Writes a suite file and reads it."""

    def read(text: str, **keywords: object) -> Suite:
        path = tmp_path / "suite.yaml"
        path.write_text(text, encoding="utf-8")
        return read_suite(path, slis=slis, **keywords)  # type: ignore[arg-type]

    return read
