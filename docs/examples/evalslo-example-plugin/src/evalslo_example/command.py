"""Endpoints of kind `command`: a local program reads the question from its input and prints the answer."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from evalslo.errors import UsageError
from evalslo.model.sample import CallError, ErrorClass, Request, Response
from evalslo.model.suite import Timeouts


def open_command(
    options: Mapping[str, Any], *, environ: Mapping[str, str], folder: Path, timeouts: Timeouts
) -> "Command":
    """The endpoint that a suite's options describe. `timeouts.total_s` is kept by evalslo: a call past it is cancelled."""
    command = options.get("command")
    if unknown := sorted(set(options) - {"command"}):
        raise UsageError(f"endpoint.{unknown[0]}: unknown key; known: command")
    if not isinstance(command, list) or not command or not all(isinstance(part, str) for part in command):
        raise UsageError("endpoint.command: wanted a list of texts, the program first: [python3, answer.py]")
    return Command(command, environ=environ, folder=folder)


class Command:
    """A program that is started anew for every question, in the suite's folder."""

    def __init__(self, command: list[str], *, environ: Mapping[str, str], folder: Path) -> None:
        self._command = command
        self._environ = environ
        self._folder = folder

    def fingerprint(self) -> Mapping[str, Any]:
        """What can change an answer beside the options, which evalslo records itself. No secret in it."""
        return {"protocol": 1}

    @property
    def quota(self) -> str:
        """Endpoints of one quota share one limiter."""
        return self._command[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def call(self, request: Request) -> Response:
        """The response to one question. A failure is a response with an error; what is raised becomes one."""
        started_s = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            env=self._environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            printed, _ = await process.communicate(str(request.fields["query"]).encode())
        finally:
            if process.returncode is None:  # the call was cancelled: its time is over, or Ctrl-C was pressed twice
                process.kill()
                await process.wait()
        if process.returncode != 0:
            message = f"the program ended with {process.returncode}"
            return Response(error=CallError(kind=ErrorClass.EXCEPTION, message=message))
        answer = printed.decode("utf-8", "replace").strip()
        return Response(answer=answer, latency_s=time.perf_counter() - started_s)
