"""One long run in a process of its own, and what it left of the process: `python -m tests.support.soaking SUITE CONCURRENCY`.

Prints one JSON object.
"""

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path

from msgspec.structs import replace

import evalslo
from evalslo.model.run import Progress
from evalslo.model.suite import Concurrency, Limits, Timeouts

TOTAL_S, IDLE_S = 30.0, 2.0
RETRIES = 2


async def soak(path: str, concurrency: int) -> dict[str, object]:
    """What the run was, and what the process holds at half of it, at its end, and afterwards."""
    at_once = Concurrency(least=concurrency, start=concurrency, most=concurrency)
    limits = Limits(concurrency=at_once, timeouts=Timeouts(total_s=TOTAL_S, idle_s=IDLE_S), retries=RETRIES)
    suite = replace(evalslo.load(path), limits=limits)
    marks: dict[str, int | None] = {}

    def watch(progress: Progress) -> None:
        if progress.stage == "collect" and progress.done >= progress.planned // 2:
            marks.setdefault("half", resident_bytes())
        if progress.stage == "collect" and progress.done == progress.planned:
            marks.setdefault("end", resident_bytes())

    descriptors, tasks = open_descriptors(), len(asyncio.all_tasks())
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    kept = await evalslo.arun(suite, on_progress=watch)
    return {
        "folder": str(kept.folder),
        "errors": dict(kept.scorecard.errors),
        "calls": kept.scorecard.usage.calls,
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - began_cpu_s,
        "resident": marks,
        "peak": peak_bytes(),
        "left_descriptors": open_descriptors() - descriptors,
        "left_tasks": len(asyncio.all_tasks()) - tasks,
    }


def resident_bytes() -> int | None:
    """The memory that the process holds; None where the system does not tell it so."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def peak_bytes() -> int | None:
    """The most memory that this process ever held (what its parent held is not in it); None where nobody tells."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found.group(1)) * 1024 if found else None


def open_descriptors() -> int:
    """How many files and sockets are open; 0 where the system does not tell it so."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(soak(sys.argv[1], int(sys.argv[2])))))
