"""Compiled loops over the elements: deformation, point law with element forces, element stiffness.

The equations are those of :mod:`femanode.constitutive.elastoplasticity`, :mod:`femanode.constitutive.flowdirection` and
:class:`femanode.solver.elements.Elements`, where they are explained; here they are written point by point. Each public
function works on the elements ``begin`` to ``end``, writes to the arrays that come last among its arguments, and
leaves the others as they are.

Letters: ``e`` counts elements, ``q`` their quadrature points, ``k`` components or nodes; symmetric tensors have the
components 11, 22, 12, 33.
"""

from __future__ import annotations

import math

import numpy as np

from femanode.numerics.arrays import Array, IntArray
from femanode.numerics.compiled import compiled

#: Components of a 2x2 matrix row by row, or 11, 22, 12, 33 of a symmetric tensor.
Four = tuple[float, float, float, float]


@compiled
def deform(begin: int, end: int, u: Array, cells: IntArray, dN: Array, F: Array) -> None:
    """In-plane deformation gradient F (2, 2, elem, qp) of nodal displacements u (2, N)."""
    for e in range(begin, end):
        for q in range(dN.shape[3]):
            a, b, c, d = 1.0, 0.0, 0.0, 1.0
            for k in range(6):
                node, gx, gy = cells[k, e], dN[k, 0, e, q], dN[k, 1, e, q]
                a += u[0, node] * gx
                b += u[0, node] * gy
                c += u[1, node] * gx
                d += u[1, node] * gy
            F[0, 0, e, q], F[0, 1, e, q], F[1, 0, e, q], F[1, 1, e, q] = a, b, c, d


@compiled
def _artanhc(z: float) -> float:
    if z < 1e-3:
        return 1 + z / 3 + z**2 / 5 + z**3 / 7 + z**4 / 9 + z**5 / 11
    if z >= 1.0:
        return math.nan
    root = math.sqrt(z)
    return 0.5 * math.log((1.0 + root) / (1.0 - root)) / root


@compiled
def _log(x: float) -> float:
    """log x; NaN, without an exception, for x <= 0 (an element turned inside out)."""
    return math.log(x) if x > 0.0 else math.nan


@compiled
def _flow(q_trial: float, eqps: float, G: float, sigma_Y: float, H: float, exponent: float, rate: float, dt: float,
          ) -> tuple[float, float]:
    """Increment of eqps, and d(flow stress)/d(eqps), at trial stress ``q_trial``; by a bracketed Newton iteration."""
    base = sigma_Y + H * eqps
    over = q_trial - base
    if not over > 0:
        return 0.0 * over, H
    linear = over / (3 * G + H)
    if not math.isfinite(rate):
        return linear, H
    low, high, g, slope, scale = 0.0, linear, 0.5 * linear, H, dt * rate
    for _ in range(80):
        safe = max(g, 1e-300)
        power = (safe / scale) ** exponent
        hard = base + H * g
        residual = q_trial - 3 * G * g - hard * (1 + power)
        slope = H * (1 + power) + hard * power * exponent / safe
        if residual > 0:
            low = g
        else:
            high = g
        new = g + residual / (3 * G + slope)
        if new <= low or new >= high:
            new = 0.5 * (low + high)
        done = abs(new - g) <= 1e-14 * max(high, 1e-300)
        g = new
        if done:
            break
    return g, slope


@compiled
def respond(begin: int, end: int, dN: Array, weight: Array, F: Array, F33: Array, Cp_inv_n: Array, eqps_n: Array,
            Jc: Array, K: Array, G: Array, sigma_Y: Array, H: Array, exponent: Array, rate: Array, dt: float,
            tau: Array, mean: Array, Cp_inv: Array, eqps: Array, tangent: Array, forces: Array) -> None:
    """Stress, new plastic state, moduli (10, elem, qp) and nodal forces (elem, 12) of each element."""
    moduli = np.empty(10)
    for e in range(begin, end):
        for k in range(12):
            forces[e, k] = 0.0
        for q in range(weight.shape[1]):
            f = (F[0, 0, e, q], F[0, 1, e, q], F[1, 0, e, q], F[1, 1, e, q])
            metric = (Cp_inv_n[0, e, q], Cp_inv_n[1, e, q], Cp_inv_n[2, e, q], Cp_inv_n[3, e, q])
            t, mean[e, q], new, g = _point(
                f, F33[e, q], metric, eqps_n[e, q], Jc[e, q], K[e, q], G[e, q], sigma_Y[e, q], H[e, q],
                exponent[e, q], rate[e, q], dt, moduli)
            for k in range(4):
                tau[k, e, q], Cp_inv[k, e, q] = t[k], new[k]
            for k in range(10):
                tangent[k, e, q] = moduli[k]
            eqps[e, q] = eqps_n[e, q] + g
            w = weight[e, q] / (f[0] * f[3] - f[1] * f[2])
            p00, p01 = (t[0] * f[3] - t[2] * f[1]) * w, (t[2] * f[0] - t[0] * f[2]) * w
            p10, p11 = (t[2] * f[3] - t[1] * f[1]) * w, (t[1] * f[0] - t[2] * f[2]) * w
            for k in range(6):
                gx, gy = dN[k, 0, e, q], dN[k, 1, e, q]
                forces[e, 2 * k] += p00 * gx + p01 * gy
                forces[e, 2 * k + 1] += p10 * gx + p11 * gy


@compiled
def _point(F: Four, F33: float, metric: Four, eqps_n: float, Jc: float, K: float, G: float, sigma_Y: float, H: float,
           exponent: float, rate: float, dt: float, moduli: Array) -> tuple[Four, float, Four, float]:
    """Kirchhoff stress, mean Mandel stress, new Cp_inv and increment of eqps at one point; overwrites ``moduli``.

    ``F`` is row by row, ``metric`` is Cp_inv at the start of the step.
    """
    f11, f12, f21, f22 = F
    swell = np.cbrt(Jc) ** 2
    scale = 1.0 / swell
    b11 = (f11 * f11 * metric[0] + 2 * f11 * f12 * metric[2] + f12 * f12 * metric[1]) * scale
    b22 = (f21 * f21 * metric[0] + 2 * f21 * f22 * metric[2] + f22 * f22 * metric[1]) * scale
    b12 = (f11 * f21 * metric[0] + (f11 * f22 + f12 * f21) * metric[2] + f12 * f22 * metric[1]) * scale
    middle, a = 0.5 * (b11 + b22), 0.5 * (b11 - b22)
    artanhc = _artanhc((a * a + b12 * b12) / (middle * middle))
    half_phi = 0.5 * artanhc / middle
    quarter_log = 0.25 * _log(b11 * b22 - b12 * b12)
    half_diff, e12 = half_phi * a, half_phi * b12
    e33 = 0.5 * _log(F33 * F33 * metric[3] * scale)
    volumetric = 2.0 * quarter_log + e33
    third = volumetric / 3.0
    d = (quarter_log + half_diff - third, quarter_log - half_diff - third, e12, e33 - third)
    norm2 = d[0] * d[0] + d[1] * d[1] + d[3] * d[3] + 2 * d[2] * d[2]
    q_trial = G * math.sqrt(6.0 * norm2 + 1e-40)
    g, slope = _flow(q_trial, eqps_n, G, sigma_Y, H, exponent, rate, dt)
    kept = 1.0 - 3.0 * G * g / q_trial
    mean = K * volumetric
    m = 2.0 * G * kept
    tau = (Jc * (m * d[0] + mean), Jc * (m * d[1] + mean), Jc * (m * d[2]), Jc * (m * d[3] + mean))
    new = metric
    if g > 0:
        new = _plastic(F, F33, third, (kept * d[0], kept * d[1], kept * d[2], kept * d[3]), swell)
    _moduli(half_diff, e12, artanhc, d, norm2, kept, slope, Jc, K, G, g > 0, moduli)
    return tau, mean, new, g


@compiled
def _plastic(F: Four, F33: float, third: float, d: Four, swell: float) -> Four:
    """New Cp_inv = F^-1 exp(2 strain) F^-T Jc^(2/3), the elastic strain having mean ``third`` and deviator ``d``."""
    a = 0.5 * (d[0] - d[1])
    z = 4.0 * (a * a + d[2] * d[2])
    size = math.exp(2.0 * third + d[0] + d[1]) * swell
    grown = math.exp(math.sqrt(z))
    ch = 0.5 * (grown + 1.0 / grown)
    if z < 1e-3:
        sh = 2.0 * (1 + z / 6 + z**2 / 120 + z**3 / 5040 + z**4 / 362880)
    else:
        sh = (grown - 1.0 / grown) / math.sqrt(z)
    b11, b22, b12 = size * (ch + sh * a), size * (ch - sh * a), size * sh * d[2]
    b33 = math.exp(2.0 * (third + d[3])) * swell
    inv = 1.0 / (F[0] * F[3] - F[1] * F[2])
    i11, i12, i21, i22 = F[3] * inv, -F[1] * inv, -F[2] * inv, F[0] * inv
    return (i11 * i11 * b11 + 2 * i11 * i12 * b12 + i12 * i12 * b22,
            i21 * i21 * b11 + 2 * i21 * i22 * b12 + i22 * i22 * b22,
            i11 * i21 * b11 + (i11 * i22 + i12 * i21) * b12 + i12 * i22 * b22,
            b33 / (F33 * F33))


@compiled
def _moduli(a: float, shear: float, artanhc: float, dev: Four, norm2: float, kept: float, slope: float, Jc: float,
            K: float, G: float, plastic: bool, c: Array) -> None:
    """Write to ``c`` the moduli c0 in the order of PointResponse.

    (a, shear) are the components 11 and 12 of the in-plane strain less its in-plane mean. The shear modulus between the
    principal axes contains x coth x, with x the difference of the principal strains; ``artanhc`` is that value.
    """
    G2 = 2.0 * G * Jc
    theta = 3.0 * G / (3.0 * G + slope) - (1.0 - kept) if plastic else 0.0
    bulk = K * Jc - G2 * kept / 3.0
    drop = G2 * theta / max(norm2, 1e-40)
    d = math.sqrt(a * a + shear * shear)
    cos2, sin2 = (1.0, 0.0) if d < 1e-14 else (a / d, shear / d)
    g12 = 0.5 * G2 * kept * artanhc
    axial = G2 * kept
    # Sums over the two in-plane axes: squares (1 + cos^2)/2 and so on.
    same, cross, mixed = 0.5 * (1.0 + cos2 * cos2), 0.5 * (1.0 - cos2 * cos2), 0.5 * cos2 * sin2
    c[0] = bulk - drop * dev[0] * dev[0] + axial * same + g12 * sin2 * sin2
    c[1] = bulk - drop * dev[1] * dev[1] + axial * same + g12 * sin2 * sin2
    c[2] = bulk - drop * dev[0] * dev[1] + axial * cross - g12 * sin2 * sin2
    c[3] = -drop * dev[0] * dev[2] + axial * mixed - g12 * sin2 * cos2
    c[4] = -drop * dev[1] * dev[2] - axial * mixed + g12 * sin2 * cos2
    c[5] = -drop * dev[2] * dev[2] + axial * 0.5 * sin2 * sin2 + g12 * cos2 * cos2
    c[6] = bulk - drop * dev[0] * dev[3]
    c[7] = bulk - drop * dev[1] * dev[3]
    c[8] = -drop * dev[2] * dev[3]
    c[9] = bulk - drop * dev[3] * dev[3] + axial


@compiled
def turn(begin: int, end: int, tau: Array, mean: Array, eqps: Array, eqps_n: Array, Jc: Array, K: Array, G: Array,
         sigma_Y: Array, H: Array, awaiting: float, first: bool, strain: Array, direction: Array, tangent: Array,
         ) -> None:
    """Put the predicted direction of flow into ``tangent``; see :func:`femanode.constitutive.flowdirection.turn`.

    ``strain`` and ``direction`` (4, elem, qp) are those of the last iteration on entry and of this one on return. With
    ``first`` there is no last iteration, and what they hold is not used.
    """
    for e in range(begin, end):
        for q in range(tau.shape[2]):
            third = (tau[0, e, q] + tau[1, e, q] + tau[3, e, q]) / 3.0
            t = (tau[0, e, q] - third, tau[1, e, q] - third, tau[2, e, q], tau[3, e, q] - third)
            size = math.sqrt(t[0] * t[0] + t[1] * t[1] + t[3] * t[3] + 2.0 * t[2] * t[2])
            inv = 1.0 / max(size, 1e-300)
            n = (t[0] * inv, t[1] * inv, t[2] * inv, t[3] * inv)
            gained = eqps[e, q] - eqps_n[e, q]
            length = size / (2.0 * G[e, q] * Jc[e, q]) + math.sqrt(1.5) * gained
            o = (strain[0, e, q], strain[1, e, q], strain[2, e, q], strain[3, e, q])
            before = 0.0 if first else math.sqrt(o[0] * o[0] + o[1] * o[1] + o[3] * o[3] + 2.0 * o[2] * o[2])
            s = n
            if first and not gained > 0:
                borne = 2.0 * awaiting * G[e, q] * abs(mean[e, q])
                share = min(1.0, (sigma_Y[e, q] + H[e, q] * eqps_n[e, q]) * K[e, q] / max(borne, 1e-300))
                if share < 1.0:
                    for k in range(10):
                        bulk = 0.0 if k in (3, 4, 5, 8) else K[e, q] * Jc[e, q]
                        tangent[k, e, q] = bulk + share * (tangent[k, e, q] - bulk)
            if gained > 0 and before > 0:
                along = (o[0] * (length * n[0] - o[0]) + o[1] * (length * n[1] - o[1])
                         + o[3] * (length * n[3] - o[3]) + 2.0 * o[2] * (length * n[2] - o[2])) / before
                s = ((length * n[0] - direction[0, e, q] * along) / before,
                     (length * n[1] - direction[1, e, q] * along) / before,
                     (length * n[2] - direction[2, e, q] * along) / before,
                     (length * n[3] - direction[3, e, q] * along) / before)
                cut = 1.0 / max(1.0, math.sqrt(s[0] * s[0] + s[1] * s[1] + s[3] * s[3] + 2.0 * s[2] * s[2]))
                s = (s[0] * cut, s[1] * cut, s[2] * cut, s[3] * cut)
                c = size / max(length, 1e-300)
                tangent[0, e, q] += c * (n[0] * n[0] - s[0] * n[0])
                tangent[1, e, q] += c * (n[1] * n[1] - s[1] * n[1])
                tangent[2, e, q] += c * (n[0] * n[1] - 0.5 * (s[0] * n[1] + n[0] * s[1]))
                tangent[3, e, q] += c * (n[0] * n[2] - 0.5 * (s[0] * n[2] + n[0] * s[2]))
                tangent[4, e, q] += c * (n[1] * n[2] - 0.5 * (s[1] * n[2] + n[1] * s[2]))
                tangent[5, e, q] += c * (n[2] * n[2] - s[2] * n[2])
                tangent[6, e, q] += c * (n[0] * n[3] - 0.5 * (s[0] * n[3] + n[0] * s[3]))
                tangent[7, e, q] += c * (n[1] * n[3] - 0.5 * (s[1] * n[3] + n[1] * s[3]))
                tangent[8, e, q] += c * (n[2] * n[3] - 0.5 * (s[2] * n[3] + n[2] * s[3]))
                tangent[9, e, q] += c * (n[3] * n[3] - s[3] * n[3])
            for k in range(4):
                strain[k, e, q], direction[k, e, q] = length * n[k] if gained > 0 else 0.0, s[k]


@compiled
def stiffen(begin: int, end: int, dN: Array, weight: Array, F: Array, F33: Array, tau: Array, moduli: Array,
            calm: bool, Ke: Array, coupling: Array, axial: Array) -> None:
    """Element matrices (elem, 12, 12), coupling (elem, 12) to a uniform axial stretch and its stiffness (elem,).

    With ``calm`` the geometric terms take the stress of :func:`femanode.solver.elements.calmed`.
    """
    gx, gy = np.empty(6), np.empty(6)
    DB, T = np.empty((3, 12)), np.empty((2, 6))
    for e in range(begin, end):
        block = Ke[e]
        block[:] = 0.0
        coupling[e] = 0.0
        axial[e] = 0.0
        for q in range(weight.shape[1]):
            a, b, c, d = F[0, 0, e, q], F[0, 1, e, q], F[1, 0, e, q], F[1, 1, e, q]
            w, z = weight[e, q], F33[e, q]
            inv = 1.0 / (a * d - b * c)
            for k in range(6):
                rx, ry = dN[k, 0, e, q], dN[k, 1, e, q]
                gx[k], gy[k] = (rx * d - ry * c) * inv, (ry * a - rx * b) * inv
            t0, t1, t2, t3 = tau[0, e, q], tau[1, e, q], tau[2, e, q], tau[3, e, q]
            if calm:
                mean = (t0 + t1 + t3) / 3.0
                d0, d1, d3 = t0 - mean, t1 - mean, t3 - mean
                limit = math.sqrt(d0 * d0 + d1 * d1 + d3 * d3 + 2.0 * t2 * t2)
                mean = min(max(mean, -limit), limit)
                t0, t1, t3 = d0 + mean, d1 + mean, d3 + mean
            c0, c1, c2 = moduli[0, e, q] - 2.0 * t0, moduli[1, e, q] - 2.0 * t1, moduli[2, e, q]
            c3, c4 = moduli[3, e, q] - t2, moduli[4, e, q] - t2
            c5 = moduli[5, e, q] - 0.5 * (t0 + t1)
            c6, c7, c8 = moduli[6, e, q] * w / z, moduli[7, e, q] * w / z, moduli[8, e, q] * w / z
            axial[e] += (moduli[9, e, q] - 2.0 * t3 + t3) / (z * z) * w
            for k in range(6):
                x, y = gx[k] * w, gy[k] * w
                i, j = 2 * k, 2 * k + 1
                DB[0, i], DB[0, j] = c0 * x + c3 * y, c2 * y + c3 * x
                DB[1, i], DB[1, j] = c2 * x + c4 * y, c1 * y + c4 * x
                DB[2, i], DB[2, j] = c3 * x + c5 * y, c4 * y + c5 * x
                T[0, k], T[1, k] = t0 * x + t2 * y, t2 * x + t1 * y
                coupling[e, i] += c6 * gx[k] + c8 * gy[k]
                coupling[e, j] += c7 * gy[k] + c8 * gx[k]
            for k in range(6):
                x, y = gx[k], gy[k]
                i, j = 2 * k, 2 * k + 1
                for n in range(12):
                    block[i, n] += x * DB[0, n] + y * DB[2, n]
                    block[j, n] += y * DB[1, n] + x * DB[2, n]
                for n in range(6):
                    stress = x * T[0, n] + y * T[1, n]
                    block[i, 2 * n] += stress
                    block[j, 2 * n + 1] += stress
