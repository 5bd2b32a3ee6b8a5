"""What ends a run whose main thread has not come back from a library.

Python answers a signal between two of its own instructions: while a factorisation hangs, no handler runs. The system
still notes each signal in a socket, which a thread beside reads. If the handler has not run within `PATIENCE`, that
thread saves the run and ends the process. It does so without a signal too where a call takes longer than any should.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from femanode.numerics.pulse import beat, beats

#: Seconds that the main thread has to answer a signal.
PATIENCE = 10.0
#: Exit codes of an interruption, and of a solver that could not go on.
INTERRUPTED, FAILED = 130, 3
#: Seconds between two looks. They are counted, not timed: while a machine sleeps or a process is stopped, none pass.
TICK = 1.0

_LEAVE = b"\0"


class Watchdog:
    """Ends the process in place of a main thread that does not answer; made by `watching`.

    Parameters
    ----------
    numbers : set of int
        Signals that it answers.
    busy : callable
        Whether the main thread is where it may be given up.
    rescue : callable
        Saves the run, given why it ends; returns the line to print.
    longest : float, optional
        Seconds after which a call that has given no sign of life (`femanode.numerics.pulse`) is given up.
    """

    def __init__(self, numbers: set[int], busy: Callable[[], bool], rescue: Callable[[str], str],
                 longest: float | None = None) -> None:
        self._numbers, self._busy, self._rescue = numbers, busy, rescue
        self._longest, self._heard, self._still = longest, beats(), 0
        self._answered = threading.Event()
        # Held by whoever decides what becomes of the run; a handler may come while the main thread has it.
        self._one = threading.RLock()
        self._near, self._far = socket.socketpair()
        self._near.settimeout(TICK)
        self._far.setblocking(False)
        self._before = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="femanode-watchdog", daemon=True)
        self._thread.start()

    def answer(self) -> None:
        """Say that the main thread is there; called by its handler, which waits here if the run is being ended."""
        with self._one:  # never given where the process is ending: that is as soon as all is saved
            self._answered.set()

    def back(self) -> None:
        """Wait here if the run is being ended; called by the main thread as it comes back from what is watched."""
        with self._one:
            beat()

    def leave(self) -> None:
        """Stop watching."""
        signal.set_wakeup_fd(self._before)
        # A signal may have been noted whose handler was, or is again, another's: nobody will answer it here.
        self._answered.set()
        self._far.send(_LEAVE)
        self._thread.join()
        self._near.close()
        self._far.close()

    def _watch(self) -> None:
        while (noted := self._next()) and noted != _LEAVE:
            if self._before != -1:
                with suppress(OSError):  # of another library, which would miss its signals
                    os.write(self._before, noted)
            if noted[0] in self._numbers:
                self._end_unless_answered()

    def _next(self) -> bytes:
        """What comes next in the socket; meanwhile the main thread is listened to."""
        while True:
            try:
                return self._near.recv(1)
            except TimeoutError:
                self._listen()

    def _listen(self) -> None:
        """Count how long one call has been on, and end the process where that is too long."""
        self._still = self._still + 1 if self._busy() and beats() == self._heard else 0
        self._heard = beats()
        if self._longest is None or self._still * TICK < self._longest or not self._one.acquire(blocking=False):
            return
        if self._busy() and beats() == self._heard:
            self._end(f"a call into a library has not come back for {self._longest:g} s (solver.patience)", FAILED)
        self._one.release()

    def _end_unless_answered(self) -> None:
        while not self._answered.wait(PATIENCE):
            # Between steps nothing takes long; where a disk does, it would not take what is saved from here either.
            if self._busy() and self._one.acquire(blocking=False):
                if self._answered.is_set():
                    self._one.release()
                    return
                self._end("interrupted within a library that did not come back", INTERRUPTED)

    def _end(self, why: str, code: int) -> None:
        try:
            said = self._rescue(why)
        except BaseException as error:
            said = f"{why}; not all could be saved ({type(error).__name__}: {error})"
        with suppress(OSError, ValueError):
            sys.stderr.write(f"femanode: {said}\n")
            sys.stderr.flush()
        os._exit(code)


@contextmanager
def watching(numbers: set[int], busy: Callable[[], bool], rescue: Callable[[str], str],
             longest: float | None = None) -> Iterator[Watchdog]:
    """Context with a `Watchdog`, whose calls a handler and the watched calls make. In the main thread only."""
    dog = Watchdog(numbers, busy, rescue, longest)
    try:
        yield dog
    finally:
        dog.leave()
