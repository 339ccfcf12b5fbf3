"""An event loop whose time passes at once: minutes of waiting take milliseconds, and the same every time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Skipping(selectors.DefaultSelector):
    """Never waits: where nothing is ready, the time that would have passed has passed."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits, and nothing is due: a deadlock")
        if not ready and timeout is not None:
            self.now_s += timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now_s


def run_virtual(main: Coroutine[Any, Any, Result]) -> Result:
    """What `main` returns, in a loop of its own that begins at second 0. It must use no thread and no socket."""
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(main)
