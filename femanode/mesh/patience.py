"""Readers of a library that do not come back: on files that end early, some of meshio's look for more for ever."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Seconds that a reader has for any file, and for each megabyte more; the slowest need a tenth of that.
LEAST, PER_MB = 20.0, 10.0


def within_reason(read: Callable[..., Any], path: Path, *more: Any) -> Any:
    """What ``read(path, *more)`` returns or raises.

    Raises
    ------
    TimeoutError
        It has not come back in the time that a file of that size may take. It is stopped then.
    """
    seconds = LEAST + PER_MB * path.stat().st_size / 1e6
    found: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(read(path, *more))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        # The readers are written in Python, where an exception set from outside ends any loop.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))
        raise TimeoutError(f"its reader has not come back in {seconds:.0f} s: the file may be cut short")
    if failed:
        raise failed[0]
    return found[0]
