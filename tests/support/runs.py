"""A manifest of a small run, for tests that judge without calling."""

from msgspec.structs import replace

from evalslo.model.run import Manifest
from evalslo.model.scorecard import Fingerprint

_MANIFEST = Manifest(
    run_id="r",
    state="finished",
    suite="s",
    service=None,
    suite_file="suite.yaml",
    golden="golden.jsonl",
    variant=None,
    settings=(),
    queries=300,
    repeats=1,
    order_seed=1,
    limit=None,
    fingerprint=Fingerprint(golden="", suite="", endpoint={}, scorers={}),
    started_at="",
    finished_at="",
    collecting_s=0.0,
    version="0",
)


def manifest(*, scorers=None, **more):
    """A finished run of 300 queries; `scorers` maps SLI names to the scorers of the run."""
    fingerprint = replace(_MANIFEST.fingerprint, scorers=scorers or {})
    return replace(_MANIFEST, fingerprint=fingerprint, **more)
