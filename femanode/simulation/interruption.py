"""SIGINT and SIGTERM as one KeyboardInterrupt, raised only where nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def interruptible(work: Callable[P, T]) -> Iterator[Callable[P, T]]:
    """Context that gives ``work`` wrapped: a signal breaks a call off; one that comes between calls waits for the next.

    ``work`` must change nothing that is needed after it was broken off. A second signal gets the handlers that were
    there before. Outside of the main thread Python allows no handlers, and ``work`` is given back as it is.

    Raises
    ------
    KeyboardInterrupt
        From ``work``, or at the end when the signal came after its last call.
    """
    if threading.current_thread() is not threading.main_thread():
        yield work
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    pending = working = False

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal pending
        pending = True
        restore()
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

    for number in before:
        signal.signal(number, handle)
    try:
        yield abandonable
    finally:
        restore()
    if pending:
        raise KeyboardInterrupt
