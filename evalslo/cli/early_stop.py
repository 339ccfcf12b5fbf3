"""Ctrl-C before the first call: it is said at once, and whatever breaks off then is no fault and no verdict."""

import atexit
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

STOPPED_AT_ONCE = 130
STDERR = 2  # the descriptor itself: a signal handler must not trust what stands in sys.stderr
SAID = b"\nevalslo: stopped before anything was called\n"


class EarlyStop:
    """A handler of signals. `came`: Ctrl-C came before `end` was called; afterwards it is a KeyboardInterrupt as ever.

    What is interrupted while it is imported may say something else than KeyboardInterrupt, or nothing at all: so `came` is to
    be asked wherever something ends, and before calls are made.
    """

    def __init__(self) -> None:
        self.came = False
        self._over = False

    def arm(self) -> None:
        """From now on Ctrl-C is told, unless somebody wanted it ignored."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._stop)
            atexit.register(self._leave)  # the first that is registered is the last that is called

    def end(self) -> None:
        """Calls may be made from now on."""
        self._over = True

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        if self.came:
            os._exit(STOPPED_AT_ONCE)  # it was asked for before, and is not done with yet
        if not self._over:
            self.came = True
            sys.unraisablehook = lambda _: None  # what breaks off now breaks because it was asked to
            with suppress(OSError):  # nobody may be reading
                os.write(STDERR, SAID)
        raise KeyboardInterrupt

    def _leave(self) -> None:
        """Ends with the exit code: where `exec` was interrupted, Python would end itself by a signal in place of it."""
        if self.came:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError, AttributeError):  # it is closed, nobody reads it, or there is none
                    stream.flush()
            os._exit(STOPPED_AT_ONCE)


early_stop = EarlyStop()
