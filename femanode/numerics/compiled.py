"""Compilation of inner loops by numba, and sharing them between threads.

Compiled functions are kept on disk. Loading numba takes half a second, so modules whose functions are :func:`compiled`
are imported only when they are needed.

Each has a counterpart in plain numpy for systems without numba, as neither alone will do. The loops run as plain Python
would take 4.6 s for the stiffness of 3,500 elements, against 38 ms in numpy and 1.6 ms compiled. The point law with its
forces takes 9 ms in numpy and 2.1 ms compiled, the sparsity pattern 106 and 19 ms, an advance of the front 23 and 8 ms
(one thread; a factorisation of that mesh takes 100 ms). What gains nothing is written in numpy alone: the sums into a
sparse matrix take 0.6 ms as they are and took 1.8 ms in a compiled loop.

The threads are Python's own: a compiled function releases the interpreter lock and works on one range of elements. No
two ranges write to the same place, so no number depends on how many threads there are.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])

#: Environment variable; ``numpy`` keeps to the plain path even where numba is installed.
SWITCH = "FEMANODE_KERNELS"
#: Environment variables that bound the number of threads, the first that is set.
THREADS = ("FEMANODE_THREADS", "OMP_NUM_THREADS")


def available() -> bool:
    """Whether compiled loops can and shall be used."""
    return os.environ.get(SWITCH, "") != "numpy" and importlib.util.find_spec("numba") is not None


@cache
def threads() -> int:
    """Threads to share compiled loops between: as told by :data:`THREADS`, otherwise one per processor, at most 8."""
    for name in THREADS:
        if os.environ.get(name, "").isdigit():
            return max(1, int(os.environ[name]))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, usable)


@cache
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    """Threads besides the caller's own; ``process`` is an argument so that a forked process gets a pool of its own."""
    return ThreadPoolExecutor(workers, thread_name_prefix="femanode")


def share(function: Callable[..., Any], count: int, *arguments: Any, least: int = 512) -> None:
    """Call ``function(begin, end, *arguments)`` on consecutive ranges of 0..count, side by side.

    Parameters
    ----------
    least : int
        Below this many per thread it is not worth it.
    """
    parts = max(1, min(threads(), count // least))
    if parts == 1:
        function(0, count, *arguments)
        return
    ends = [count * i // parts for i in range(parts + 1)]
    pool = _pool(os.getpid(), threads() - 1)
    waiting = [pool.submit(function, ends[i], ends[i + 1], *arguments) for i in range(1, parts)]
    function(ends[0], ends[1], *arguments)
    for task in waiting:
        task.result()


def _compile(function: Function, *, fastmath: set[str]) -> Function:
    """Compile a function, its code kept in the user's cache: beside the package it would be left after uninstalling."""
    import numba

    config: Any = numba.config
    before = config.CACHE_DIR
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        config.CACHE_DIR = before or str(home / "femanode" / "compiled")
        return numba.njit(function, cache=True, nogil=True, error_model="numpy", fastmath=fastmath)
    finally:
        config.CACHE_DIR = before


def compiled(function: Function) -> Function:
    """Compile on first use; division by zero gives infinity as in numpy."""
    return _compile(function, fastmath={"contract"})


def vectorised(function: Function) -> Function:
    """Like :func:`compiled`, and sums may be reordered so that several numbers go at once."""
    return _compile(function, fastmath={"contract", "reassoc", "nsz"})


def readable(values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The values as a contiguous, read-only array of that shape.

    numba compiles a function anew for every combination of contiguous or not, writeable or not: this leaves one.
    """
    whole = np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), shape)).view()
    whole.flags.writeable = False
    return whole
