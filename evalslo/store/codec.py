"""One line a record: samples and scores to JSON and back.

The keys are those of `samples.jsonl` and `scores.jsonl` in docs/run-folder.md; they are a contract, the nouns are not.
"""

from typing import Any, TypeVar

import msgspec

from evalslo.errors import MeasurementError
from evalslo.model.golden import Context
from evalslo.model.judging import Judgement
from evalslo.model.run import Manifest
from evalslo.model.sample import CallError, ErrorClass, Response, Sample, Timing, Usage
from evalslo.model.score import Score

MANIFEST_SCHEMA = "evalslo.run/1"
Row = TypeVar("Row")


class _Error(msgspec.Struct, rename={"kind": "class"}):
    kind: ErrorClass
    status: int | None = None
    message: str = ""


class _SampleLine(msgspec.Struct):
    query_id: str
    repeat: int
    answer: str | None = None
    error: _Error | None = None
    contexts: tuple[Context, ...] | None = None
    latency_s: float | None = None
    ttft_s: float | None = None
    gaps_s: tuple[float, ...] = ()
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    finish_reason: str | None = None
    attempts: int = 1
    timing: Timing = "live"
    started_at: str = ""


class _JudgementLine(_SampleLine, kw_only=True):
    judge: str
    who: str
    key: str
    vote: int


class _KeyOfSample(msgspec.Struct):
    query_id: str
    repeat: int


_sample_decoder = msgspec.json.Decoder(_SampleLine)
_judgement_decoder = msgspec.json.Decoder(_JudgementLine)
_key_decoder = msgspec.json.Decoder(_KeyOfSample)
_encoder = msgspec.json.Encoder()


def encode_sample(sample: Sample) -> bytes:
    """One line of `samples.jsonl`, newline included. Contexts that came from the golden set are not repeated in it."""
    return _line(_sample_line(sample))


def _sample_line(sample: Sample) -> _SampleLine:
    response = sample.response
    return _SampleLine(
        query_id=sample.query_id,
        repeat=sample.repeat,
        answer=response.answer,
        error=_error_line(response.error),
        contexts=response.contexts,
        latency_s=response.latency_s,
        ttft_s=response.ttft_s,
        gaps_s=response.gaps_s,
        usage=response.usage,
        cost_usd=response.cost_usd,
        model=response.model,
        finish_reason=response.finish_reason,
        attempts=sample.attempts,
        timing=response.timing,
        started_at=sample.started_at,
    )


def _error_line(error: CallError | None) -> _Error | None:
    return None if error is None else _Error(kind=error.kind, status=error.status, message=error.message)


def decode_sample(line: bytes) -> Sample:
    """The sample on one line of `samples.jsonl`. Raises `MeasurementError` where the line is not one."""
    return _sample(_decode(_sample_decoder, line, "a sample"))


def _sample(row: _SampleLine) -> Sample:
    if (row.answer is None) == (row.error is None):
        raise MeasurementError(f"not a sample: {row.query_id!r} needs an answer or an error, and not both")
    error = None
    if row.error is not None:
        error = CallError(kind=row.error.kind, message=row.error.message, status=row.error.status)
    response = Response(
        answer=row.answer,
        error=error,
        contexts=row.contexts,
        latency_s=row.latency_s,
        ttft_s=row.ttft_s,
        gaps_s=row.gaps_s,
        usage=row.usage,
        cost_usd=row.cost_usd,
        model=row.model,
        finish_reason=row.finish_reason,
        timing=row.timing,
    )
    return Sample(
        query_id=row.query_id, repeat=row.repeat, response=response, attempts=row.attempts, started_at=row.started_at
    )


def encode_judgement(judgement: Judgement) -> bytes:
    """One line of `judge.jsonl`, newline included."""
    sample = Sample(
        query_id=judgement.query_id,
        repeat=judgement.repeat,
        response=judgement.response,
        attempts=judgement.attempts,
        started_at=judgement.started_at,
    )
    kept = msgspec.structs.asdict(_sample_line(sample))
    return _line(
        _JudgementLine(**kept, judge=judgement.judge, who=judgement.who, key=judgement.key, vote=judgement.vote)
    )


def decode_judgement(line: bytes) -> Judgement:
    """What stands on one line of `judge.jsonl`. Raises `MeasurementError` where that is no judgement."""
    row = _decode(_judgement_decoder, line, "a judgement")
    sample = _sample(row)
    return Judgement(
        judge=row.judge,
        who=row.who,
        query_id=sample.query_id,
        repeat=sample.repeat,
        key=row.key,
        vote=row.vote,
        response=sample.response,
        attempts=sample.attempts,
        started_at=sample.started_at,
    )


def decode_key(line: bytes) -> tuple[str, int]:
    """The query and repeat of the sample on one line, the rest of which is not looked at. Raises as `decode_sample`."""
    key = _decode(_key_decoder, line, "a sample")
    return key.query_id, key.repeat


def encode_score(score: Score) -> bytes:
    """One line of `scores.jsonl`, newline included."""
    return _line(score)


def encode_manifest(manifest: Manifest) -> bytes:
    """`manifest.json`: its schema first, indented for people."""
    row = {"schema": MANIFEST_SCHEMA} | msgspec.to_builtins(manifest)
    return msgspec.json.format(_encoder.encode(row), indent=2) + b"\n"


def decode_manifest(data: bytes) -> Manifest:
    """The manifest in `manifest.json`. Raises `MeasurementError` where it is not one, or of a schema not known here."""
    row = _decode(msgspec.json.Decoder(dict[str, Any]), data, "a manifest")
    schema = row.pop("schema", None)
    if schema != MANIFEST_SCHEMA:
        raise MeasurementError(
            f"manifest schema {schema!r} is not {MANIFEST_SCHEMA!r}: kept by another version of evalslo"
        )
    try:
        return msgspec.convert(row, Manifest)
    except msgspec.ValidationError as fault:
        raise MeasurementError(f"not a manifest: {fault}") from fault


def _line(record: object) -> bytes:
    """`record` as one line. A half surrogate, which UTF-8 cannot hold and a stranger can send, becomes U+FFFD."""
    try:
        return _encoder.encode(record) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(_sound(msgspec.to_builtins(record))) + b"\n"


def _sound(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(item) for item in value]
    return value


def _decode(decoder: msgspec.json.Decoder[Row], data: bytes, what: str) -> Row:
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise MeasurementError(f"not {what}: {fault}") from fault
