"""Which points a sweep visits: products, rows, Latin hypercubes, Sobol sequences and Saltelli's design.

Pure: axes in, points out. A point is one value per axis, as a configuration takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Literal

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.study.quantity import Range, write_value

Axis = list[Any] | Range
Method = Literal["latin_hypercube", "sobol", "saltelli"]

#: More than this is a mistake in an axis more often than a plan.
MAX_CASES = 200_000


@dataclass(frozen=True)
class Sampling:
    """`n` points drawn by `method` with `seed`; Saltelli's design takes n (2 d + 2) points for d axes."""

    method: Method
    n: int
    seed: int = 0


def points(axes: Mapping[str, Axis], combine: str, sampling: Sampling | None, where: str) -> list[tuple[Any, ...]]:
    """All points, in order, one value per axis.

    Parameters
    ----------
    axes : mapping
        Path to a list of values or a `Range`.
    combine : str
        ``product`` (the last axis runs fastest) or ``zip`` (rows); not used with `sampling`.
    sampling : Sampling or None
        How to draw, if the points are drawn.
    where : str
        Place of the sweep, for messages.

    Raises
    ------
    ConfigError
        Axes that do not fit together, or too many points.
    """
    if sampling is not None:
        return _sampled(axes, sampling, where)
    for path, axis in axes.items():
        if isinstance(axis, Range) and axis.n is None:
            raise ConfigError("found a range without 'n'", where=f"{where}: axes.{path}",
                              allowed="n: the number of values", hint="or draw points with sample: {method, n}")
    lists = [axis.values() if isinstance(axis, Range) else axis for axis in axes.values()]
    if combine == "zip":
        lengths = {path: len(values) for path, values in zip(axes, lists, strict=True)}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{path} {n}" for path, n in lengths.items())
            raise ConfigError(f"found axes of different length: {said}", where=f"{where}: axes",
                              allowed="equal lengths with combine: zip", hint="or combine: product")
        return list(zip(*lists, strict=True))
    _bounded(prod(len(values) for values in lists), where)
    return list(product(*lists))


def _bounded(count: int, where: str) -> None:
    if count > MAX_CASES:
        raise ConfigError(f"found {count} cases", where=where, allowed=f"at most {MAX_CASES}")


def _sampled(axes: Mapping[str, Axis], sampling: Sampling, where: str) -> list[tuple[Any, ...]]:
    """Points at the shares a sampler gives; of a list, the value whose equal part of 0..1 the share falls in."""
    d = len(axes)
    _bounded(sampling.n * (2 * d + 2 if sampling.method == "saltelli" else 1), where)
    shares = _shares(d, sampling, where)
    columns = [list(_column(axis, shares[:, k])) for k, axis in enumerate(axes.values())]
    return list(zip(*columns, strict=True))


def _column(axis: Axis, u: Array) -> Iterator[Any]:
    if isinstance(axis, Range):
        return (write_value(float(v), axis.unit) for v in axis.at(u))
    return (axis[min(int(share * len(axis)), len(axis) - 1)] for share in u)


def _shares(d: int, sampling: Sampling, where: str) -> Array:
    """Shares in [0, 1), shape (points, d)."""
    n, method = sampling.n, sampling.method
    if method in ("sobol", "saltelli") and n & (n - 1):
        raise ConfigError(f"found {n}", where=f"{where}: sample.n", allowed=f"a power of two with method: {method}")
    if method == "saltelli":
        return saltelli_shares(d, n, sampling.seed)
    from scipy.stats import qmc

    if method == "sobol":
        return qmc.Sobol(d, rng=np.random.default_rng(sampling.seed)).random(n)
    return qmc.LatinHypercube(d, rng=np.random.default_rng(sampling.seed)).random(n)


def saltelli_problem(names: Sequence[str]) -> dict[str, Any]:
    """What SALib calls a problem: all axes as shares of the way from 0 to 1."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def saltelli_shares(d: int, n: int, seed: int) -> Array:
    """Saltelli's design for first, second and total Sobol indices, shape (n (2 d + 2), d)."""
    sobol = salib("sample.sobol")
    return np.asarray(sobol.sample(saltelli_problem([str(k) for k in range(d)]), n, seed=seed), dtype=float)


def salib(module: str) -> Any:
    """A module of SALib, or a line that says how to get it.

    Raises
    ------
    ConfigError
        SALib is not installed.
    """
    import importlib

    try:
        return importlib.import_module(f"SALib.{module}")
    except ImportError:
        raise ConfigError("Sobol indices need SALib, which is not installed",
                          hint="python -m pip install 'femanode[study]'") from None
