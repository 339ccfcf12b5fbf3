"""The labels that a run was gated with, kept beside it: a run that is gated again needs no file from elsewhere."""

from collections.abc import Mapping

import msgspec

from evalslo.errors import MeasurementError
from evalslo.model.labels import Labels
from evalslo.store.run_folder import RunFolder, replace_file

_decoder = msgspec.json.Decoder(dict[str, Labels])


def keep_labels(folder: RunFolder, labels: Mapping[str, Labels]) -> None:
    """Replaces the run's labels, by the text of the SLI; none are kept as none."""
    path = folder.path / "labels.json"
    if labels:
        replace_file(path, msgspec.json.format(msgspec.json.encode(dict(labels)), indent=1) + b"\n")
    else:
        path.unlink(missing_ok=True)


def kept_labels(folder: RunFolder) -> dict[str, Labels]:
    """The labels that the run was gated with; none where it had none. Raises `MeasurementError` where they cannot be read."""
    path = folder.path / "labels.json"
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as fault:
        raise MeasurementError(f"{path}: cannot be read: {fault.strerror}") from fault
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise MeasurementError(f"{path}: not the labels of a run: {fault}") from fault
