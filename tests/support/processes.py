"""Real processes of the command line that begin at once: forked from one that has everything imported already."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
FORKER = """
import importlib, json, os, pkgutil, select, sys
import evalslo, scipy.special
from evalslo.__main__ import main

for module in pkgutil.walk_packages(evalslo.__path__, "evalslo."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

def begin(order):
    pid = os.fork()
    if pid:
        running.add(pid)
        return print(json.dumps({"begun": pid}), flush=True)
    os.chdir(order["folder"])
    os.environ.update(order["environ"])
    for descriptor, path in ((1, order["out"]), (2, order["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.argv = ["evalslo", *order["arguments"]]
    main()
    sys.exit("main came back")

running, left = set(), b""
print(json.dumps("ready"), flush=True)
while True:
    if select.select([0], [], [], 0.003 if running else None)[0]:
        data = os.read(0, 1 << 16)
        if not data:
            break
        *lines, left = (left + data).split(b"\\n")
        for line in lines:
            begin(json.loads(line))
    while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
        running.remove(ended[0])
        print(json.dumps({"ended": ended[0], "exit_code": os.waitstatus_to_exitcode(ended[1])}), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, negative for a signal, and what it said."""

    exit_code: int
    out: str
    err: str


class Running:
    """A process of the command line."""

    def __init__(self, pid: int, exit_code: asyncio.Future[int], said: tuple[Path, Path]) -> None:
        self.pid = pid
        self._exit_code = exit_code
        self._said = said

    @property
    def is_over(self) -> bool:
        return self._exit_code.done()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, unless the process is known to have ended."""
        if not self.is_over:
            os.kill(self.pid, number)

    async def ended(self) -> Ended:
        async with asyncio.timeout(120):
            exit_code = await asyncio.shield(self._exit_code)
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in self._said)
        return Ended(exit_code=exit_code, out=out, err=err)


class Forker:
    """Starts processes of the command line in a folder; an async context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begun: asyncio.Queue[int] = asyncio.Queue()
        self._exit_codes: dict[int, asyncio.Future[int]] = {}
        self._number = 0

    async def __aenter__(self) -> Self:
        environ = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FORKER, env=environ, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert await self._heard() == "ready", "evalslo could not be imported: see its error above"
        self._listening = asyncio.ensure_future(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._listening
        await self._process.wait()

    async def _heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline() or "null")

    async def _listen(self) -> None:
        while said := await self._heard():
            if "begun" in said:
                self._exit_codes[said["begun"]] = asyncio.get_running_loop().create_future()
                self._begun.put_nowait(said["begun"])
            else:
                self._exit_codes[said["ended"]].set_result(said["exit_code"])
        for exit_code in self._exit_codes.values():
            exit_code.cancel()

    async def start(self, *arguments: str, **environ: str) -> Running:
        """`evalslo ARGUMENTS` in the folder, with these variables beside those of the test."""
        self._number += 1
        said = self._folder / f"{self._number}.out", self._folder / f"{self._number}.err"
        for path in said:
            path.touch()  # a process may be killed before it has opened them
        order = {"folder": str(self._folder), "arguments": arguments, "environ": environ}
        order |= {"out": str(said[0]), "err": str(said[1])}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(60):
            pid = await self._begun.get()
        return Running(pid, self._exit_codes[pid], said)
