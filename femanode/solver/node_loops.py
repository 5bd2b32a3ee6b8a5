"""Compiled loops over nodes and sub-triangles, for front and carrier balance (part of the *solver*).

Each has its counterpart in numpy beside the place it is called from; the formulas are there.
"""

from __future__ import annotations

import numpy as np

from femanode.numerics.arrays import Array, IntArray
from femanode.numerics.compiled import compiled


@compiled
def neighbours(edges: IntArray, n: int) -> tuple[IntArray, IntArray, IntArray]:
    """Per node where its edges begin, the node at the other end of each, and the edge's number."""
    start = np.zeros(n + 1, np.int64)
    for side in range(2):
        for e in range(edges.shape[1]):
            start[edges[side, e] + 1] += 1
    start = np.cumsum(start)
    at, other, number = start.copy(), np.empty(start[n], np.int64), np.empty(start[n], np.int64)
    for e in range(edges.shape[1]):
        for side in range(2):
            i = edges[side, e]
            other[at[i]], number[at[i]] = edges[1 - side, e], e
            at[i] += 1
    return start, other, number


@compiled
def advance(xi: Array, growth: Array, inflow: Array, flow: Array, slowness: Array, start: IntArray,
            other: IntArray, number: IntArray, h: float, steps: int) -> Array:
    """Runge-Kutta steps of d xi/dt = xi (1 - xi)(growth xi + inflow) - sum flow (xi_i - xi_j)/slowness."""
    n = len(xi)
    now, stage, total, rate = xi.copy(), xi.copy(), np.empty(n), np.empty(n)
    near = np.empty(len(number))
    for p in range(len(number)):
        near[p] = flow[number[p]]
    for _ in range(steps):
        for part in range(4):
            for i in range(n):
                y, out = stage[i], 0.0
                for p in range(start[i], start[i + 1]):
                    out += near[p] * (y - stage[other[p]])
                rate[i] = y * (1.0 - y) * (growth[i] * y + inflow[i]) - out / slowness[i]
            for i in range(n):
                if part == 0:
                    total[i] = rate[i]
                else:
                    total[i] += rate[i] if part == 3 else 2.0 * rate[i]
                if part < 3:
                    stage[i] = now[i] + (h if part == 2 else 0.5 * h) * rate[i]
                else:
                    now[i] += h / 6.0 * total[i]
                    stage[i] = now[i]
    return now


@compiled
def average_blocks(begin: int, end: int, depth: Array, tri: IntArray, grad: Array, area: Array, reach2: float,
                   sideways: float, out: Array) -> None:
    """Blocks (sub, 3, 3) of the average across the front: stiff along the gradient of ``depth`` (N,)."""
    for e in range(begin, end):
        gx, gy = 0.0, 0.0
        for k in range(3):
            gx += grad[k, 0, e] * depth[tri[k, e]]
            gy += grad[k, 1, e] * depth[tri[k, e]]
        size = np.hypot(gx, gy)
        nx, ny = (gx / size, gy / size) if size > 1e-3 else (0.0, 0.0)
        for k in range(3):
            ax, ay = grad[k, 0, e], grad[k, 1, e]
            for m in range(3):
                bx, by = grad[m, 0, e], grad[m, 1, e]
                value = (nx * ax + ny * ay) * (nx * bx + ny * by) + sideways * (ax * bx + ay * by)
                out[e, k, m] = value * (reach2 * area[e])


@compiled
def flux_blocks(a: Array, b: Array, out: Array) -> None:
    """Blocks (sub, 3, 3) of the fluxes a c_i - b c_j along the sides 01, 12, 20, coefficients (3 sub,)."""
    n = len(out)
    for e in range(n):
        for i in range(3):
            for j in range(3):
                out[e, i, j] = 0.0
        for side in range(3):
            i, j = side, (side + 1) % 3
            p, q = a[side * n + e], b[side * n + e]
            out[e, i, i] += p
            out[e, i, j] -= q
            out[e, j, j] += q
            out[e, j, i] -= p
