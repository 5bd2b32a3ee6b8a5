"""Signals that end a run as one KeyboardInterrupt, raised only where nothing is half done.

SIGINT is Ctrl-C, SIGTERM what ``kill`` and batch systems send, SIGHUP a terminal that is gone, SIGUSR1 and SIGUSR2 what
a batch system can be told to send before a job's time is over, and SIGXCPU what the system sends when its processor
time is, once a second from then on.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from femanode.simulation.watchdog import watching

P = ParamSpec("P")
T = TypeVar("T")

Handler = Callable[[int, FrameType | None], Any] | int | None

#: By name, as not every system has them all.
ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")
#: Seconds for which nothing interrupts what is being saved.
GRACE = 10.0
#: A shell and the system each tell of a terminal that is gone: the second is no wish to have it faster.
REPEATED = ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU")


def handlers() -> dict[signal.Signals, Handler]:
    """What answers the signals that end a run now; without SIGHUP where ``nohup`` has it ignored."""
    found = {number: signal.getsignal(number)
             for number in (getattr(signal, name) for name in ENDING if hasattr(signal, name))}
    return {number: handler for number, handler in found.items()
            if handler is not signal.SIG_IGN or number.name != "SIGHUP"}


def answer(handler: Handler) -> None:
    """Have the signals that end a run answered by ``handler``."""
    for number in handlers():
        signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[list[int]]:
    """Context in which the signals that end a run wait: what is being saved is saved. Gives those that have come.

    They are for the caller to answer. A disk may be so slow that a user gives up: after `GRACE` SIGINT and SIGTERM
    raise KeyboardInterrupt at once.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before, begun = handlers(), time.monotonic()

    def wait(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if signal.Signals(number).name not in REPEATED and time.monotonic() - begun > GRACE:
            raise KeyboardInterrupt

    for number in before:
        signal.signal(number, wait)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _nothing() -> None:
    """Where nobody watches."""


@contextmanager
def interruptible(work: Callable[P, T], rescue: Callable[[str], str] | None = None,
                  longest: float | None = None) -> Iterator[Callable[P, T]]:
    """Context that gives ``work`` wrapped: a signal breaks a call off; one that comes between calls waits for the next.

    ``work`` must change nothing that is needed after it was broken off. A second SIGINT or SIGTERM gets the handlers
    that were there before. Outside of the main thread Python allows no handlers, and ``work`` is given back as it is.

    Where ``work`` does not come back to answer a signal, or not within ``longest`` seconds, ``rescue`` is called by
    another thread with the reason: it saves what there is and returns the line to print, and the process ends
    (:mod:`femanode.simulation.watchdog`).

    Raises
    ------
    KeyboardInterrupt
        From ``work``, or at the end when the signal came after its last call.
    """
    if threading.current_thread() is not threading.main_thread():
        yield work
        return
    before = handlers()
    pending = working = False

    def restore(names: Sequence[str] = ENDING) -> None:
        for number, handler in before.items():
            if number.name in names:
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal pending
        answered()
        pending = True
        restore(ENDING[:2])
        if working:
            raise KeyboardInterrupt

    def abandonable(*args: P.args, **kwargs: P.kwargs) -> T:
        nonlocal working
        # Set before asking whether a signal has come: one that comes in between is then raised by the handler.
        working = True
        try:
            if pending:
                raise KeyboardInterrupt
            return work(*args, **kwargs)
        finally:
            working = False
            returned()

    with ExitStack() as watched:
        answered: Callable[[], None] = _nothing
        returned = answered
        if rescue is not None:
            dog = watched.enter_context(watching({int(n) for n in before}, lambda: working, rescue, longest))
            answered, returned = dog.answer, dog.back
        answer(handle)
        try:
            yield abandonable
        finally:
            restore()
    if pending:
        raise KeyboardInterrupt
