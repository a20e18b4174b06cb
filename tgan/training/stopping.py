"""Requests to stop a run: by a person, a scheduler or a launcher, or since its data failed."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from accelerate import Accelerator

from tgan.system.lifetime import STOPS
from tgan.training.control import largest

# A Ctrl-C at least so many seconds after the first signal is a person who will not wait: a
# launcher hands one Ctrl-C on to its processes, which have got it from the terminal already.
PATIENCE = 1.0


class Request:
    """Whether the run was asked to stop, in whatever process of it.

    Attributes:
        number: of the signal that all processes know of, 0 for none.
        failure: what kept this process from going on, if something did.
        failed: whether something kept a process, this or another one, from going on.
    """

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        # Written by the handler of signals alone, which may come at any time.
        self._noted, self._since = 0, 0.0
        self._idle = False
        self.number = 0
        self.failure: Exception | None = None
        self.failed = False

    def agreed(self) -> bool:
        """The same answer in all processes, so that they stop after the same step.

        It is about the step that comes next, and waited for: an answer that came a step later
        would cost the work of another step after a signal, and a process whose data failed cannot
        take one. It does not wait for a device.
        """
        self.number, failures = largest([self._noted, int(self.failure is not None)])
        self.failed = failures > 0
        if self.number and not self._noted:
            self._say(self.number)
        return self.asked

    @property
    def noted(self) -> bool:
        """Whether this process was asked to stop."""
        return self._noted > 0

    @property
    def asked(self) -> bool:
        """What all processes agreed on last."""
        return self.number > 0 or self.failed

    def idle(self, work: Callable[[], None]) -> None:
        """Do what the run does not need: a request to stop keeps it from beginning, or cuts it off.

        The caller asks for what all processes agree on before a step is taken, so that what was
        cut off is still due when the run goes on.
        """
        try:
            try:
                self._idle = True
                if not self._noted:
                    work()
            finally:
                self._idle = False
        except _CutOff:
            pass

    def note(self, number: int, frame: FrameType | None = None) -> None:
        """Take a signal.

        Raises:
            KeyboardInterrupt: it is the second Ctrl-C of a person.
        """
        now = time.monotonic()
        if self._noted == 0:
            self._noted, self._since = number, now
            self._say(number)
        elif number == signal.SIGINT and now - self._since >= PATIENCE:
            raise KeyboardInterrupt
        if self._idle:
            self._idle = False
            raise _CutOff

    def _say(self, number: int) -> None:
        if not self._accelerator.is_main_process:
            return
        name = signal.Signals(number).name
        at_once = "; Ctrl-C once more ends at once" if number == signal.SIGINT else ""
        # It may come while a line is written, or since the terminal is gone.
        with suppress(RuntimeError, OSError):
            print(f"\n{name}: stopping after this step, saving first{at_once}", file=sys.stderr)


class _CutOff(BaseException):
    """Raised within `Request.idle` by a request to stop."""


@contextmanager
def requests_to_stop(accelerator: Accelerator) -> Iterator[Request]:
    """Note signals instead of dying at once; those that were ignored stay so (`nohup`).

    Only the main thread of a process can; in another one signals go where they went before.
    """
    request = Request(accelerator)
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    noted = [number for number in STOPS if signal.getsignal(number) != signal.SIG_IGN]
    handlers = {number: signal.signal(number, request.note) for number in noted}
    try:
        yield request
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
