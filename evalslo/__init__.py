"""Service level objectives for language-model applications, with a gate that knows its own error rate.

`load` reads a suite, `run` (or `arun`) runs and gates it, `gate` gates a kept run again. The rest are the nouns.
Nothing is imported before it is asked for (PEP 562), so that a stranger's process does not pay for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalslo.api import arun, gate, load, run
    from evalslo.errors import EvalsloError, Fault, FileFaults, MeasurementError, UsageError
    from evalslo.harness.run import KeptRun
    from evalslo.model.golden import Context, GoldenQuery, GoldenSet
    from evalslo.model.objective import Objective
    from evalslo.model.sample import Response, Sample
    from evalslo.model.score import Score
    from evalslo.model.scorecard import ObjectiveResult, Reason, Scorecard, Verdict
    from evalslo.model.suite import Suite

_HOMES = {
    "arun": "api",
    "gate": "api",
    "load": "api",
    "run": "api",
    "EvalsloError": "errors",
    "Fault": "errors",
    "FileFaults": "errors",
    "MeasurementError": "errors",
    "UsageError": "errors",
    "KeptRun": "harness.run",
    "Context": "model.golden",
    "GoldenQuery": "model.golden",
    "GoldenSet": "model.golden",
    "Objective": "model.objective",
    "Response": "model.sample",
    "Sample": "model.sample",
    "Score": "model.score",
    "ObjectiveResult": "model.scorecard",
    "Reason": "model.scorecard",
    "Scorecard": "model.scorecard",
    "Verdict": "model.scorecard",
    "Suite": "model.suite",
}

__all__ = [
    "Context",
    "EvalsloError",
    "Fault",
    "FileFaults",
    "GoldenQuery",
    "GoldenSet",
    "KeptRun",
    "MeasurementError",
    "Objective",
    "ObjectiveResult",
    "Reason",
    "Response",
    "Sample",
    "Score",
    "Scorecard",
    "Suite",
    "UsageError",
    "Verdict",
    "arun",
    "gate",
    "load",
    "run",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'evalslo' has no attribute {name!r}")
    return getattr(import_module(f"evalslo.{home}"), name)


def __dir__() -> list[str]:
    return __all__
