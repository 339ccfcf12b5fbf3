"""The suites that are run: short rows, and objectives that cost little to score."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.collecting.bare import question

QUALITY = ("exact_match >= 50%", "errors <= 5%")
TIMED = (*QUALITY, "latency <= 2s for 95% of requests")
STREAMED = ("ttft <= 2s for 95% of requests", "errors <= 5%")


def write_suite(
    folder: Path, *, server: str, queries: Sequence[str], concurrency: int, objectives: Sequence[str], stream: bool
) -> Path:
    """A suite file in `folder` that asks `queries` of `server`."""
    rows = ({"id": f"q{n}", "query": query, "reference": ["The answer is 42."]} for n, query in enumerate(queries))
    (folder / "golden.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "suite.yaml"
    path.write_text(
        f"""suite: bench
golden: {{path: golden.jsonl}}
endpoint: {{kind: openai, base_url: "{server}/v1", model: bench, stream: {str(stream).lower()}}}
limits: {{concurrency: {concurrency}, timeout: 60s}}
objectives:
"""
        + "".join(f"  - {objective}\n" for objective in objectives),
        encoding="utf-8",
    )
    return path


def questions(count: int) -> list[str]:
    return [question(number) for number in range(count)]


def evalslo(*words: str) -> list[str]:
    """The command line of a whole process."""
    return [str(Path(sys.executable).with_name("evalslo")), *words]


def bare(client: str, *, calls: int, concurrency: int, server: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.collecting.bare", client, str(calls), str(concurrency), f"{server}/v1"]
