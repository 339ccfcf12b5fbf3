"""`calibration.json` read back: the labelled answers, for a gate to correct by and for another scorer to be held against."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from evalslo.errors import Fault, FileFaults
from evalslo.loaders.telling import first_faults, quoted
from evalslo.model.calibration import Cut, JudgedAnswer, LabelledSet, Sampled
from evalslo.model.labels import LabelledAnswer, Labels

SCHEMA = "evalslo.calibration/1"
MOST_BYTES = 500_000_000


class _Kept(msgspec.Struct, kw_only=True):
    """The keys that are read back; the figures follow from them."""

    run_id: str
    sli: str
    scorer: str
    sampled: Sampled
    yes: Cut
    scored: int
    judged_yes: int
    labels: tuple[JudgedAnswer, ...]


class _Head(msgspec.Struct):
    schema: str = ""


def read_labelled(path: Path) -> LabelledSet:
    """The labelled answers in a `calibration.json`. Raises FileFaults."""
    try:
        kept = _kept(path)
    except OSError as error:
        raise _fault(path, f"cannot be read: {error.strerror or error}; write it by evalslo calibrate") from None
    return LabelledSet(
        run_id=kept.run_id,
        sli=kept.sli,
        scorer=kept.scorer,
        sampled=kept.sampled,
        cut=kept.yes,
        scored=kept.scored,
        judged_yes=kept.judged_yes,
        answers=kept.labels,
    )


def load_calibration(paths: Iterable[Path]) -> Mapping[str, Labels]:
    """The labels in files of `evalslo calibrate`, by the text of their SLI. Raises FileFaults with the faults of all files.

    Two files on one SLI are a fault: labels of two runs are not pooled.
    """
    labels: dict[str, Labels] = {}
    place: dict[str, Path] = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            kept = read_labelled(path)
        except FileFaults as found:
            faults.extend(found.faults)
            continue
        if kept.sli in labels:
            message = f"labels of {quoted(kept.sli)}, as in {place[kept.sli]}; name one of the two files"
            faults.append(Fault(str(path), None, "sli", message))
        labels[kept.sli], place[kept.sli] = _labels(kept), path
    if faults:
        raise FileFaults(first_faults(faults))
    return labels


def _labels(kept: LabelledSet) -> Labels:
    return Labels(
        sli=kept.sli,
        scorer=kept.scorer,
        run_id=kept.run_id,
        scored=kept.scored,
        answers=tuple(_answer(one) for one in kept.answers),
    )


def _answer(one: JudgedAnswer) -> LabelledAnswer:
    return LabelledAnswer(
        query_id=one.query_id, repeat=one.repeat, digest=one.digest, judged=one.judged, human=one.human
    )


def _kept(path: Path) -> _Kept:
    if path.stat().st_size > MOST_BYTES:
        raise _fault(path, f"more than {MOST_BYTES:,} bytes; wanted a file that evalslo calibrate wrote")
    data = path.read_bytes()
    try:
        schema = msgspec.json.decode(data, type=_Head).schema
        if schema != SCHEMA:
            raise _fault(path, f"found schema {quoted(schema)}; wanted {SCHEMA}: write it anew by evalslo calibrate")
        return msgspec.json.decode(data, type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _fault(path, f"{error}; wanted a file that evalslo calibrate wrote: write it anew") from None


def _fault(path: Path, message: str) -> FileFaults:
    return FileFaults((Fault(str(path), None, "", message),))
