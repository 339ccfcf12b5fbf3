"""A call that may block for long, in a thread of its own."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Value = TypeVar("Value")


async def outcome_in_thread(call: Callable[[], Value], *, name: str) -> Value | BaseException:
    """What `call` returns, or whatever it raises.

    The thread is a daemon and no pool's: a pool's thread whose call never returns would keep the process from ending, and a
    pool of a few would bound concurrency behind the scheduler's back.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Value | BaseException] = loop.create_future()

    def deliver(outcome: Value | BaseException) -> None:
        if not future.done():  # nobody waits any more after a timeout
            future.set_result(outcome)

    def work() -> None:
        outcome: Value | BaseException
        try:
            outcome = call()
        except BaseException as error:  # a thread has nobody else to tell
            outcome = error
        with suppress(RuntimeError):  # the loop may have been closed meanwhile
            loop.call_soon_threadsafe(deliver, outcome)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), name=name, daemon=True).start()
    return await future
