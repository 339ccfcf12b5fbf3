"""Whole processes, measured from outside: wall, processor, peak memory, and what the endpoint saw of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One process. `to_first_s` is from its start to the first request; `mean_in_flight` until the last call began."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    to_first_s: float | None
    mean_in_flight: float | None
    most_in_flight: int
    calls: int
    first_token_s: Mapping[str, float]


@contextmanager
def endpoint() -> Iterator[str]:
    """The address of a fresh server, which is stopped at the end."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        with subprocess.Popen([sys.executable, "-m", "benchmarks.collecting.server", str(port_file)]) as server:  # noqa: S603 - our own
            try:
                while not (port_file.is_file() and (port := port_file.read_text())):
                    time.sleep(0.02)
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def measure(command: Sequence[str], *, server: str, environ: Mapping[str, str] | None = None) -> Measured:
    """What `command` took. Raises where it ends with another exit code than 0."""
    _stats(server)
    shared = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}  # as installed
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, env={**shared, **(environ or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {said.decode()[-2000:]}")
    seen = _stats(server)
    return Measured(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        to_first_s=seen["first_at"] - began if seen["first_at"] else None,
        mean_in_flight=seen["mean_in_flight"],
        most_in_flight=seen["most"],
        calls=seen["calls"],
        first_token_s=seen["first_token_s"],
    )


def _stats(server: str) -> dict[str, Any]:
    with urlopen(f"{server}/stats") as response:  # noqa: S310 - our own server on the loopback
        told: dict[str, Any] = json.load(response)
    return told
