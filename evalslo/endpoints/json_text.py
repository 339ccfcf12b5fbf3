"""JSON as it is sent and as it comes: strict, in UTF-8, of bounded depth."""

import json
from collections.abc import Mapping

import msgspec

from evalslo.endpoints.attempt import malformed

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


def json_bytes(value: object) -> bytes:
    """`value` as JSON. Raises TypeError for what JSON cannot hold."""
    try:
        return _ENCODER.encode(value)
    except (OverflowError, TypeError, UnicodeEncodeError):  # half a surrogate pair and long numbers are JSON too
        return json.dumps(value).encode()


def read_json(data: bytes) -> object:
    """The JSON value in `data`.

    Raises ValueError where it is not strict JSON in UTF-8, or nested too deep to read.
    """
    try:
        value: object = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_slowly(data)  # lone surrogates, numbers beyond a float and a BOM are JSON too
    return value


def _read_slowly(data: bytes) -> object:
    try:
        value: object = json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return value


def read_object(body: bytes, *, content_type: str, status: int) -> Mapping[str, object]:
    """The JSON object that a body must be; raises CallFailed where it is something else."""
    text = body.decode("utf-8", "replace")
    try:
        value = read_json(body)
    except ValueError as error:
        raise malformed(f"not JSON: {content_type or 'no content type'}: {text}", status=status) from error
    if not isinstance(value, Mapping):
        raise malformed(f"JSON, but no object: {text}", status=status)
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
