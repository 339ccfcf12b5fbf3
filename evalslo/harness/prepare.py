"""What a run needs before its first call: the golden set, an endpoint, and objectives that can be met at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from evalslo import plugins
from evalslo.endpoints.open import open_endpoint
from evalslo.endpoints.options import expand
from evalslo.errors import Fault, FileFaults, MeasurementError, UsageError
from evalslo.harness.scored_by import judges_asked, scorer_faults
from evalslo.loaders.golden import read_golden, read_hub
from evalslo.model.golden import GoldenSet
from evalslo.model.labels import NO_LABELS, Labels
from evalslo.model.protocols import Endpoint
from evalslo.model.sample import Sample
from evalslo.model.suite import JudgeSpec, Suite
from evalslo.slo.lint import impossible
from evalslo.slo.sequential import halved
from evalslo.slo.slices import divide, id_in_file, untagged
from evalslo.store.judgements import recorded_replies
from evalslo.store.run_folder import read_samples

_IN_OUR_WORDS = {"system": "{{ system }}", "prompt": "{{ prompt }}"}


class OpenJudge(Struct, frozen=True, kw_only=True):
    """A judge that can be asked."""

    spec: JudgeSpec
    endpoint: Endpoint


class Prepared(Struct, frozen=True, kw_only=True):
    """A suite that can be run: its golden set read, its endpoint ready to be called, its objectives possible.

    `judges` are those that an objective rests on, `labels` people's, by the text of the SLI.
    `notes` are sentences to be said before the first call is paid for; `warnings` are said even where little is.
    """

    suite: Suite
    golden: GoldenSet
    endpoint: Endpoint
    judges: tuple[OpenJudge, ...] = ()
    labels: Mapping[str, Labels] = NO_LABELS
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
    judges, labels = open_judges(suite, environ=environ), load_labels(suite)
    if sequential and labels:
        raise UsageError(f"{suite.file}: calibration: no method corrects a sequential run by labels; run a fixed size")
    if sequential and judges:
        raise UsageError(
            f"{suite.file}: a sequential run decides while it asks, and judges come after; run a fixed size, "
            "or let scorers name a scorer that needs no judge"
        )
    return Prepared(
        suite=suite,
        golden=golden,
        endpoint=endpoint,
        judges=judges,
        labels=labels,
        notes=tuple(_notes(suite, golden, labels=labels)),
        warnings=tuple(told for one in (endpoint, *(judge.endpoint for judge in judges)) for told in _warnings(one)),
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


def load_labels(suite: Suite) -> Mapping[str, Labels]:
    """People's labels from the suite's files of calibration, by the text of the SLI. Raises `FileFaults` and `UsageError`."""
    if not suite.calibration:
        return NO_LABELS
    from evalslo.loaders.calibration import load_calibration

    labels = load_calibration(suite.folder / path for path in suite.calibration)
    if unknown := set(labels) - {str(one.sli) for one in suite.objectives}:
        raise UsageError(
            f"{suite.file}: calibration: labels of {', '.join(sorted(unknown))}, and no objective is on that; "
            "take the file out, or gate what it speaks of"
        )
    return labels


def open_judges(suite: Suite, *, environ: Mapping[str, str]) -> tuple[OpenJudge, ...]:
    """The judges that the suite's objectives rest on, not yet called. Raises `UsageError` as for its endpoint."""
    return tuple(OpenJudge(spec=spec, endpoint=_open_judge(suite, spec, environ)) for spec in judges_asked(suite))


def _open_judge(suite: Suite, spec: JudgeSpec, environ: Mapping[str, str]) -> Endpoint:
    asked = {**_IN_OUR_WORDS, "stream": False} if spec.endpoint.kind == "openai" else {}
    try:
        return open_endpoint(
            replace(spec.endpoint, options={**spec.endpoint.options, **asked}),
            environ=environ,
            folder=suite.folder,
            timeouts=spec.limits.timeouts,
            samples=partial(_read_replies, spec),
        )
    except UsageError as fault:
        raise UsageError(f"judges.{spec.name}: {fault}") from fault


def _warnings(endpoint: Endpoint) -> tuple[str, ...]:
    return tuple(getattr(endpoint, "warnings", ()))


def _notes(suite: Suite, golden: GoldenSet, *, labels: Mapping[str, Labels]) -> Iterator[str]:
    blocked = [
        id_in_file(one)
        for one in suite.objectives
        if one.critical
        and suite.slis[one.sli.name].unproven
        and suite.gate.uncalibrated == "block"
        and str(one.sli) not in labels
    ]
    if blocked:
        names = ", ".join(dict.fromkeys(blocked))
        yield f"{names}: their scorers were never checked against people: this run cannot PASS"
    yield from untagged(suite.objectives, golden.queries)


def refuse_bad_options(suite: Suite) -> None:
    """Raises `FileFaults` for SLIs whose scorers cannot use the options that the suite gives them."""
    if faults := (*_option_faults(suite), *scorer_faults(suite)):
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
    return _recorded(path, read_samples, wanted="the samples.jsonl of a kept run", key="endpoint.path")


def _read_replies(judge: JudgeSpec, path: Path) -> list[Sample]:
    """What a `recorded` judge replies with. Raises `UsageError` where there is no such recording, or nothing of this judge."""
    wanted = "the judge.jsonl of a kept run"
    read = partial(recorded_replies, judge=judge.name, votes=judge.votes)
    replies = _recorded(path, read, wanted=wanted, key="path")
    if not replies:
        raise UsageError(f"path: {path} has no reply of a judge {judge.name!r:.80}; wanted {wanted} that asked it")
    return replies


def _recorded(path: Path, read: Callable[[Path], Iterable[Sample]], *, wanted: str, key: str) -> list[Sample]:
    if not path.is_file():
        raise UsageError(f"{key}: there is no recording {path}; wanted {wanted}")
    try:
        return list(read(path))
    except MeasurementError as fault:
        raise UsageError(f"{key}: {fault}; wanted {wanted}") from fault
