"""Compiled loops over nodes and sub-triangles, for front and carrier balance.

Each has a counterpart in numpy, used where numba is not installed. It stands next to the call, with the formulas.
"""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array, IntArray
from femanode.numerics.compiled import compiled


@compiled
def neighbours(edges: IntArray, n: int) -> tuple[IntArray, IntArray, IntArray]:
    """Edges of each of ``n`` nodes, from ``edges`` (2, edge).

    Returns
    -------
    start : (n + 1,) first entry of each node in the other two
    other : (2 edge,) node at the other end of the edge
    number : (2 edge,) number of the edge
    """
    start = np.zeros(n + 1, np.int64)
    for side in range(2):
        for edge in range(edges.shape[1]):
            start[edges[side, edge] + 1] += 1
    start = np.cumsum(start)
    at, other, number = start.copy(), np.empty(start[n], np.int64), np.empty(start[n], np.int64)
    for edge in range(edges.shape[1]):
        for side in range(2):
            i = edges[side, edge]
            other[at[i]], number[at[i]] = edges[1 - side, edge], edge
            at[i] += 1
    return start, other, number


@compiled
def advance(xi: Array, growth: Array, inflow: Array, flow: Array, slowness: Array, start: IntArray,
            other: IntArray, number: IntArray, substep: float, steps: int, last: Array, before: Array, slope: Array,
            first: Array) -> Array:
    """Extent (N,) after ``steps`` steps of length ``substep`` (s) with the stages of `numerics.chebyshev.Stages`, in
    increments.

    d xi_i/dt = xi_i (1 - xi_i)(growth_i xi_i + inflow_i) - sum over j of flow_ij (xi_i - xi_j)/slowness_i, with
    ``growth`` and ``inflow`` (N,) in 1/s, ``flow`` (edge,) in nm, ``slowness`` (N,) in nm s; the rest by `neighbours`.
    """
    n = len(xi)
    now, here, at_start, old, older = xi.copy(), xi.copy(), np.empty(n), np.empty(n), np.empty(n)
    near = np.empty(len(number))
    for p in range(len(number)):
        near[p] = flow[number[p]]
    for _ in range(steps):
        for j in range(1, len(slope)):
            for i in range(n):
                at, out = here[i], 0.0
                for p in range(start[i], start[i + 1]):
                    out += near[p] * (at - here[other[p]])
                rate = substep * (at * (1.0 - at) * (growth[i] * at + inflow[i]) - out / slowness[i])
                if j == 1:
                    at_start[i], old[i], older[i] = rate, 0.0, slope[1] * rate
                else:
                    older[i] = last[j] * old[i] + before[j] * older[i] + slope[j] * rate + first[j] * at_start[i]
            old, older = older, old
            for i in range(n):
                here[i] = now[i] + old[i]
        for i in range(n):
            now[i] = here[i]
    return now


@compiled
def nodal_gradient(depth: Array, tri: IntArray, grad: Array, area: Array) -> Array:
    """Sums (2, N) over the sub-triangles of each node of area times gradient of ``depth`` (N,).

    ``tri`` (3, sub), ``grad`` (3, 2, sub) and ``area`` (sub,) are the sub-triangles.
    """
    count = tri.shape[1]
    parts, out = np.empty((2, count)), np.zeros((2, len(depth)))
    for t in range(count):
        a, b, c = depth[tri[0, t]], depth[tri[1, t]], depth[tri[2, t]]
        for i in range(2):
            parts[i, t] = (grad[0, i, t] * a + grad[1, i, t] * b + grad[2, i, t] * c) * area[t]
    for k in range(3):
        for t in range(count):
            out[0, tri[k, t]] += parts[0, t]
            out[1, tri[k, t]] += parts[1, t]
    return out


@compiled
def average_blocks(begin: int, end: int, depth: Array, tri: IntArray, grad: Array, area: Array, reach2: float,
                   sideways: float, out: Array) -> None:
    """Write to ``out`` (sub, 3, 3) the stiffness of the average across the front, along the gradient of ``depth``.

    For sub-triangles ``begin`` to ``end``; ``depth`` is (N,), ``tri`` (3, sub), ``grad`` (3, 2, sub), ``area`` (sub,);
    ``reach2`` is the squared reach, nm^2, ``sideways`` the stiffness across the gradient relative to that along it.
    """
    for t in range(begin, end):
        gx, gy = 0.0, 0.0
        for k in range(3):
            gx += grad[k, 0, t] * depth[tri[k, t]]
            gy += grad[k, 1, t] * depth[tri[k, t]]
        size = np.hypot(gx, gy)  # size of a gradient
        nx, ny = (gx / size, gy / size) if size > 1e-3 else (0.0, 0.0)
        stiff = reach2 * area[t] * min(1.0, size * size)
        for k in range(3):
            ax, ay = grad[k, 0, t], grad[k, 1, t]
            for m in range(3):
                bx, by = grad[m, 0, t], grad[m, 1, t]
                value = (nx * ax + ny * ay) * (nx * bx + ny * by) + sideways * (ax * bx + ay * by)
                out[t, k, m] = value * stiff


@compiled
def flux_blocks(onward: Array, back: Array, out: Array) -> None:
    """Write to ``out`` (sub, 3, 3) the matrices of the fluxes onward c_i - back c_j along the sides 01, 12, 20.

    ``onward`` and ``back`` are (3 sub,): the sides 01 of all sub-triangles, then 12, then 20.
    """
    n = len(out)
    for t in range(n):
        for i in range(3):
            for j in range(3):
                out[t, i, j] = 0.0
        for side in range(3):
            i, j = side, (side + 1) % 3
            p, q = onward[side * n + t], back[side * n + t]
            out[t, i, i] += p
            out[t, i, j] -= q
            out[t, j, j] += q
            out[t, j, i] -= p
