"""What ends a run whose main thread has not come back from a library.

Python answers a signal between two of its own instructions: while a factorisation hangs, no handler runs. The system
still notes each signal in a socket, which a thread beside reads. If the handler has not run within `PATIENCE`, that
thread saves the run and ends the process.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: Seconds that the main thread has to answer a signal.
PATIENCE = 10.0
#: Exit code of an interruption.
INTERRUPTED = 130

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
        Saves the run; returns the line to print.
    """

    def __init__(self, numbers: set[int], busy: Callable[[], bool], rescue: Callable[[], str]) -> None:
        self._numbers, self._busy, self._rescue = numbers, busy, rescue
        self._answered = threading.Event()
        self._one = threading.Lock()
        self._near, self._far = socket.socketpair()
        self._far.setblocking(False)
        self._before = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="femanode-watchdog", daemon=True)
        self._thread.start()

    def answer(self) -> None:
        """Say that the main thread is there; called by its handler, which waits here if the run is being ended."""
        if not self._one.acquire(blocking=False):
            while True:  # the process ends as soon as all is saved
                time.sleep(1.0)
        self._answered.set()
        self._one.release()

    def leave(self) -> None:
        """Stop watching."""
        signal.set_wakeup_fd(self._before)
        self._far.send(_LEAVE)
        self._thread.join()
        self._near.close()
        self._far.close()

    def _watch(self) -> None:
        while (noted := self._near.recv(1)) and noted != _LEAVE:
            if self._before != -1:
                with suppress(OSError):  # of another library, which would miss its signals
                    os.write(self._before, noted)
            if noted[0] in self._numbers:
                self._end_unless_answered()

    def _end_unless_answered(self) -> None:
        while not self._answered.wait(PATIENCE):
            # Between steps nothing takes long; where a disk does, it would not take what is saved from here either.
            if self._busy() and self._one.acquire(blocking=False):
                if self._answered.is_set():
                    self._one.release()
                    return
                self._end()

    def _end(self) -> None:
        try:
            said = self._rescue()
        except BaseException as error:
            said = f"interrupted; not all could be saved ({type(error).__name__}: {error})"
        with suppress(OSError, ValueError):
            sys.stderr.write(f"femanode: {said}\n")
            sys.stderr.flush()
        os._exit(INTERRUPTED)


@contextmanager
def watching(numbers: set[int], busy: Callable[[], bool], rescue: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Context with a `Watchdog`; gives what a handler has to call. In the main thread only."""
    dog = Watchdog(numbers, busy, rescue)
    try:
        yield dog.answer
    finally:
        dog.leave()
