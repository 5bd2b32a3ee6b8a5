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
    """Give ``work`` in a form that a signal abandons; between its calls a signal waits for the next one.

    ``work`` must change nothing that is needed after it was abandoned. The second signal meets the handlers that were
    there before. Outside of the main thread, where Python allows no handlers, ``work`` is given back as it is.

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
        # Set before the question: a signal that comes in between then raises by itself.
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
