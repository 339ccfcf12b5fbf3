"""What a run needs before its first call: the golden set, an endpoint, and objectives that can be met at all."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from evalslo import plugins
from evalslo.endpoints.open import open_endpoint
from evalslo.endpoints.options import expand
from evalslo.errors import Fault, FileFaults, MeasurementError, UsageError
from evalslo.loaders.golden import read_golden, read_hub
from evalslo.model.golden import GoldenSet
from evalslo.model.protocols import Endpoint
from evalslo.model.sample import Sample
from evalslo.model.suite import Suite
from evalslo.slo.lint import impossible
from evalslo.slo.sequential import halved
from evalslo.slo.slices import divide, id_in_file, untagged
from evalslo.store.run_folder import read_samples


class Prepared(Struct, frozen=True, kw_only=True):
    """A suite that can be run: its golden set read, its endpoint ready to be called, its objectives possible.

    `notes` are sentences to be said before the first call is paid for; `warnings` are said even where little is.
    """

    suite: Suite
    golden: GoldenSet
    endpoint: Endpoint
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def prepare(suite: Suite, *, environ: Mapping[str, str], sequential: bool = False) -> Prepared:
    """All that must be right before the first call. Raises `FileFaults` and `UsageError`; calls nothing.

    A sequential run needs more of a golden set: what its objectives must be able to show they must show at half of alpha.
    """
    refuse_bad_options(suite)
    golden = load_golden(suite, environ=environ)
    suite, faults = divide(suite, golden.queries)
    if faults := (*faults, *impossible(_at_horizon(suite) if sequential else suite, golden.queries)):
        raise FileFaults(faults)
    endpoint = open_suite_endpoint(suite, environ=environ)
    return Prepared(
        suite=suite,
        golden=golden,
        endpoint=endpoint,
        notes=tuple(_notes(suite, golden)),
        warnings=tuple(getattr(endpoint, "warnings", ())),
    )


def _at_horizon(suite: Suite) -> Suite:
    """The suite as the last look of a sequential run will judge it. Raises `UsageError` where there is no such look."""
    refuse_finite(suite)
    return replace(suite, objectives=tuple(halved(objective) for objective in suite.objectives))


def refuse_finite(suite: Suite) -> None:
    """Raises `UsageError` where a sequential run would be gated for its golden set alone, of which it asks a part."""
    if suite.gate.population == "finite":
        raise UsageError(
            f"{suite.file}: gate.population: finite has no sequential test; gate a run of a fixed size by it"
        )


def open_suite_endpoint(suite: Suite, *, environ: Mapping[str, str]) -> Endpoint:
    """The suite's endpoint, not yet called. Raises `UsageError` for what cannot be opened, a variable not set included."""
    return open_endpoint(
        suite.endpoint,
        environ=environ,
        folder=suite.folder,
        timeouts=suite.limits.timeouts,
        samples=_read_recording,
    )


def _notes(suite: Suite, golden: GoldenSet) -> Iterator[str]:
    blocked = [
        id_in_file(one)
        for one in suite.objectives
        if one.critical and suite.slis[one.sli.name].unproven and suite.gate.uncalibrated == "block"
    ]
    if blocked:
        names = ", ".join(dict.fromkeys(blocked))
        yield f"{names}: measured by a screen that nobody checked against people: this run cannot PASS"
    yield from untagged(suite.objectives, golden.queries)


def refuse_bad_options(suite: Suite) -> None:
    """Raises `FileFaults` for SLIs whose scorers cannot use the options that the suite gives them."""
    if faults := tuple(_option_faults(suite)):
        raise FileFaults(faults)


def _option_faults(suite: Suite) -> Iterator[Fault]:
    """A fault for each SLI whose scorer cannot use the options that the suite gives it."""
    for objective in suite.objectives:
        message = plugins.options_fault(objective.sli)
        if message is not None:
            line = objective.place.line if objective.place else None
            yield Fault(file=suite.file, line=line, where=objective.id, message=message)


def load_golden(suite: Suite, *, environ: Mapping[str, str]) -> GoldenSet:
    """The golden set that the suite names. Raises `FileFaults` with all its faults."""
    source = suite.golden
    if source.hub is not None:
        return read_hub(source.hub, columns=source.columns)
    path = expand(source.path or "", environ, place=f"{suite.file}: golden.path")
    return read_golden(suite.folder / path, columns=source.columns)


def _read_recording(path: Path) -> list[Sample]:
    """The samples that a `recorded` endpoint answers from. Raises `UsageError` where there is no such recording."""
    if not path.is_file():
        raise UsageError(f"endpoint.path: there is no recording {path}; wanted the samples.jsonl of a kept run")
    try:
        return list(read_samples(path))
    except MeasurementError as fault:
        raise UsageError(f"endpoint.path: {fault}; wanted the samples.jsonl of a kept run") from fault
