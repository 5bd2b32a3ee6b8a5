"""Cases of the point law alone: tangent, objectivity, closed forms of uniaxial and plane-strain tension."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import brentq

from femanode.constitutive.elastoplasticity import Moduli, PointResponse, respond
from femanode.numerics.arrays import Array
from femanode.verify.bench import moduli, unit_plastic
from femanode.verify.case import Case, Check, Findings, Table, bound

_TURN = np.array([[0.6, -0.8], [0.8, 0.6]])
_STRETCH = np.array([[1.2, 0.15], [-0.05, 0.9]])
_FRESH = np.array([1.0, 1.0, 0.0, 1.0])
_PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2))
_MODULI = {(0, 0, 0, 0): 0, (1, 1, 1, 1): 1, (0, 0, 1, 1): 2, (0, 0, 0, 1): 3, (0, 1, 1, 1): 4, (0, 1, 0, 1): 5,
           (0, 0, 2, 2): 6, (1, 1, 2, 2): 7, (0, 1, 2, 2): 8, (2, 2, 2, 2): 9}


def at_point(F: Array, F33: complex, Jc: float, law: Moduli, Cp_inv: Array = _FRESH, eqps: float = 0.0,
             *, tangent: bool = True) -> PointResponse:
    """The law at one point; F (2, 2), Cp_inv (4,)."""
    return respond(F.reshape(2, 2, 1, 1), F33, Cp_inv.reshape(4, 1, 1), np.full((1, 1), eqps),  # type: ignore[arg-type]
                   np.full((1, 1), Jc), law, 1.0, tangent=tangent)


def _past() -> Array:
    """A plastic history: Cp_inv (4,) of a point sheared beyond yield."""
    F = np.array([[1.1, -0.2], [0.1, 0.95]])
    return at_point(F, 1.05, 1.0, moduli(100.0, 0.3, 0.3)).Cp_inv[:, 0, 0]


def _points() -> dict[str, tuple[Array, float, float, Array, float, float]]:
    """F, F33, Jc, Cp_inv, sigma_Y, H of one point per branch of the law."""
    past = _past()
    return {
        "elastic": (_STRETCH, 1.02, 1.3, _FRESH, 1e6, 0.0),
        "plastic": (_STRETCH, 1.0, 1.0, past, 1.0, 0.0),
        "plastic, swollen, hardening": (1.4 * _STRETCH, 1.1, 3.8, past, 1.0, 5.0),
        "barely plastic": (np.diag([1.01, 1.0]), 1.0, 1.0, _FRESH, 0.75, 0.5),
        "F = lambda I": (1.3 * np.eye(2), 1.3, 1.0, _FRESH, 1.0, 1.0),
        "equal in-plane stretches, plastic": (1.6 * np.eye(2), 1.0, 3.8, _FRESH, 1.0, 2.0),
        "nearly equal stretches": (1.6 * np.array([[1.0, 1e-8], [0.0, 1.0 + 3e-9]]), 1.0, 3.8, _FRESH, 1.0, 0.0),
        "undeformed": (np.eye(2), 1.0, 1.0, _FRESH, 1.0, 1.0),
        "strain of 1e-10": (np.eye(2) + 1e-10 * _STRETCH, 1.0, 1.0, _FRESH, 1.0, 1.0),
        "stretches 3.7 and 0.2": (_TURN @ np.array([[3.5, 1.0], [0.0, 0.2]]), 1.7, 3.8, past, 1.0, 0.1),
        "stretches 6.3 and 0.1, elastic": (np.array([[6.0, 2.0], [0.0, 0.1]]), 0.5, 1.0, _FRESH, 1e9, 0.0),
    }


def _nominal(F: Array, F33: complex, Jc: float, law: Moduli, Cp_inv: Array) -> Array:
    """First Piola-Kirchhoff stress (11, 12, 21, 22, 33) = tau F^-T."""
    t = at_point(F, F33, Jc, law, Cp_inv, 0.02, tangent=False).tau[:, 0, 0]
    P = np.array([[t[0], t[2]], [t[2], t[1]]]) @ np.linalg.inv(F).T
    return np.append(P.ravel(), t[3] / F33)


def _from_code(got: PointResponse) -> Array:
    """dP_iJ F_jJ/dl_kl (5, 5) from the moduli the law returns, with the stress terms its docstring describes."""
    if got.tangent is None:
        raise ValueError("no tangent")
    c, t = got.tangent[:, 0, 0], got.tau[:, 0, 0]
    tau, one = np.array([[t[0], t[2], 0.0], [t[2], t[1], 0.0], [0.0, 0.0, t[3]]]), np.eye(3)
    out = np.zeros((5, 5))
    for (m, (i, j)), (n, (k, r)) in product(enumerate(_PAIRS), enumerate(_PAIRS)):
        first, second = sorted([tuple(sorted((i, j))), tuple(sorted((k, r)))])
        lie = 0.5 * (tau[i, k] * one[j, r] + tau[i, r] * one[j, k] + tau[j, k] * one[i, r] + tau[j, r] * one[i, k])
        out[m, n] = c[_MODULI[(first[0], first[1], second[0], second[1])]] - lie + one[i, k] * tau[j, r]
    return out


def _from_stress(F: Array, F33: float, Jc: float, law: Moduli, Cp_inv: Array) -> Array:
    """The same from the stress alone, by complex step: exact to rounding."""
    dP = np.zeros((5, 5))
    for n in range(5):
        shift = np.zeros(5, complex)
        shift[n] = 1e-30j
        moved = F + shift[:4].reshape(2, 2)
        dP[:, n] = _nominal(moved, F33 + shift[4], Jc, law, Cp_inv).imag / 1e-30
    F3 = np.zeros((3, 3))
    F3[:2, :2], F3[2, 2] = F, F33
    full = np.zeros((3, 3, 3, 3))
    for (m, (i, j)), (n, (k, r)) in product(enumerate(_PAIRS), enumerate(_PAIRS)):
        full[i, j, k, r] = dP[m, n]
    pushed = np.einsum("iJkL,jJ,lL->ijkl", full, F3, F3)
    return np.array([[pushed[i, j, k, r] for k, r in _PAIRS] for i, j in _PAIRS])


#: A hundred roundings, about what a law does to a number on its way.
_ROUNDING = 100.0 * float(np.finfo(float).eps)


def _spread(F: Array, F33: float) -> float:
    """Largest stretch over the smallest: rounding of the one is an error of the other."""
    stretches = np.append(np.linalg.svd(F, compute_uv=False), F33)
    return float(stretches.max() / stretches.min())


def tangent(full: bool) -> Findings:
    """Stored moduli against complex-step derivatives of the stress, point by point."""
    checks = []
    for name, (F, F33, Jc, Cp_inv, sigma_Y, H) in _points().items():
        law, spread = moduli(100.0, 0.3, sigma_Y, H), _spread(F, F33)
        wanted = _from_stress(F, F33, Jc, law, Cp_inv)
        got = _from_code(at_point(F, F33, Jc, law, Cp_inv, 0.02))
        checks.append(Check(f"largest error of the moduli over the largest, {name}", 0.0,
                            float(np.abs(got - wanted).max() / np.abs(wanted).max()), _ROUNDING * spread,
                            f"a hundred roundings of 2.2e-16, times the ratio of the stretches, {spread:.3g}",
                            absolute=True))
    return Findings(tuple(checks))


def objectivity(full: bool) -> Findings:
    """P(QF) = Q P(F) at every point of the tangent's list."""
    worst, allowed, where = 0.0, 1.0, ""
    for name, (F, F33, Jc, Cp_inv, sigma_Y, H) in _points().items():
        law = moduli(100.0, 0.3, sigma_Y, H)
        P, turned = _nominal(F, F33, Jc, law, Cp_inv), _nominal(_TURN @ F, F33, Jc, law, Cp_inv)
        wanted = np.append((_TURN @ P[:4].reshape(2, 2)).ravel(), P[4])
        # near zero stress is the difference of numbers of the size of E
        error, limit = float(np.abs(turned - wanted).max() / 100.0), _ROUNDING * _spread(F, F33)
        if error / limit > worst / allowed:
            worst, allowed, where = error, limit, name
    return Findings((Check(f"largest |P(QF) - Q P(F)|/E over eleven points (against its tolerance: {where})", 0.0,
                           worst, allowed, "a hundred roundings of 2.2e-16, times the ratio of the stretches",
                           absolute=True),))


def uniaxial(full: bool) -> Findings:
    """Equivalent plastic strain of uniaxial tension, and the stress of swollen material."""
    E, nu, sigma_Y, H = 200e3, 0.3, 200.0, 20e3
    law = moduli(E, nu, sigma_Y, H)

    def side(t: float) -> float:
        return float(at_point(np.diag([1.005, t]), t, 1.0, law).tau[1, 0, 0])

    t = float(brentq(side, 0.99, 1.0, xtol=1e-15))
    eqps = float(at_point(np.diag([1.005, t]), t, 1.0, law).eqps[0, 0])
    own = (E * np.log(1.005) - sigma_Y) / (E + H)
    along, across, size = 1.0 / 100.0 + 0.4, -0.3 / 100.0 - 0.2, 3.8 ** (1 / 3)
    swollen = at_point(size * np.diag(np.exp([along, across])), size * np.exp(across), 3.8, moduli(100.0, 0.3, 1.0))
    return Findings((
        Check("eqps at engineering strain 0.005, closed form of logarithmic strain", own, eqps, 1e-11,
              "the root is found to 1e-15 of stretch, 3e-13 of this, and its error passes through a few operations"),
        Check("the same, another program with another elastic law", 0.00362995, eqps, 1.6e-3,
              "elastic laws of one modulus differ by up to 3 (stress/E)^2 of strain, 5.6e-6 or 0.154 % of this"),
        Check("tau/sigma_Y of material swollen to 3.8, drawn to plastic strain 0.4", 3.8,
              float(swollen.tau[0, 0, 0]), 2 * _ROUNDING * 100.0, "rounding of the trial stress, which is a hundred "
              "times what the return leaves of it")))


def plane_strain_tension(full: bool) -> Findings:
    """Stresses after 4 % of plane-strain tension, in increments as a run makes them.

    The axial deviator s decays as ds/de = -2 sqrt 3 G s/[sigma_Y (1 + G/3K)]: by 1.16 in each of 80 increments, of
    which seven are elastic. What is left of it is 2e-5 of its value at yield, 38; the axial stress is off by 3/2 of it.
    """
    def pull(scale: float) -> Array:
        law, Cp_inv, eqps = moduli(70e3, 0.3, 250.0 * scale), _FRESH, 0.0
        tau = np.zeros(4)
        for strain in np.linspace(0.0, 0.04 * scale, 81)[1:]:
            def side(t: float, s: float = 1.0 + strain, C: Array = Cp_inv, p: float = eqps) -> float:
                return float(at_point(np.diag([s, t]), 1.0, 1.0, law, C, p).tau[1, 0, 0])

            F = np.diag([1.0 + strain, brentq(side, 1 - 0.06 * scale, 1.0, xtol=1e-16, rtol=1e-15)])
            got = at_point(F, 1.0, 1.0, law, Cp_inv, eqps)
            Cp_inv, eqps, tau = got.Cp_inv[:, 0, 0], float(got.eqps[0, 0]), got.tau[:, 0, 0]
        return np.asarray(tau / scale)

    def flowed(share: float) -> float:
        # sigma = sigma_Y/sqrt(1 - nu + nu^2) along, e = sigma (1 - nu^2)/E, and -nu/(1 - nu) of it across
        e = share * 250.0 / np.sqrt(0.79) * 0.91 / 70e3
        F = np.diag(np.exp([e, -e * 0.3 / 0.7]))
        return float(at_point(F, 1.0, 1.0, moduli(70e3, 0.3, 250.0)).eqps[0, 0])

    large, small = pull(1.0), pull(1e-3)
    first = "sigma_Y/sqrt(1 - nu + nu^2): closed form in logarithmic strain"
    checks = [bound("plastic strain at 0.9999 of the strain of first yield", "at most", 0.0, flowed(0.9999), first),
              bound("plastic strain at 1.0001 of the strain of first yield", "at least", 1e-8, flowed(1.0001), first)]
    for name, tau in (("4 %", large), ("4e-5, strength a thousandth", small)):
        checks += [Check(f"stress along, strain {name}", 500.0 / np.sqrt(3.0), float(tau[0]), 1e-10,
                         "the axial deviator has fallen to 2e-5 of 38, 3e-6 of the strength, and enters squared"),
                   Check(f"stress across, strain {name}", 0.0, float(tau[1]), 1e-7,
                         "a stretch is known to a few roundings, 1e-15, times E 70e3, over the smaller strength's 1e-3",
                         absolute=True),
                   Check(f"axial stress, strain {name}", 250.0 / np.sqrt(3.0), float(tau[3]), 2e-5,
                         "the axial deviator has fallen to 2e-5 of 38, and enters with 3/2: 8e-6 of this; a factor of "
                         "two for its decay while it is large")]
    return Findings(tuple(checks))


def flow_curve(full: bool) -> Findings:
    """Rate dependence: stress at a held plastic rate over four decades."""
    m, r0, rates_ = 0.2, 1e-4, np.array([1e-6, 1e-5, 1e-4, 1e-3])
    wanted, got = 1.0 + (rates_ / r0) ** m, []
    for rate, stress in zip(rates_, wanted, strict=True):
        along, across = stress / 100.0 + 0.05, -0.3 * stress / 100.0 - 0.025
        law = moduli(100.0, 0.3, 1.0, 0.0, m, r0)
        F = np.diag(np.exp([along, across])).reshape(2, 2, 1, 1)
        response = respond(F, float(np.exp(across)), unit_plastic((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), law,
                           0.05 / rate)
        got.append(float(response.tau[0, 0, 0]))
    table = Table({"plastic_rate_1_s": rates_, "expected": wanted, "got": got}, "plastic_rate_1_s", ("expected",),
                  ("got",), log=True)
    worst = int(np.argmax(np.abs(np.array(got) / wanted - 1.0)))
    return Findings((Check("stress over sigma_Y at a held rate, worst of four", float(wanted[worst]), got[worst], 1e-12,
                           "the root is found to 1e-14 of the plastic strain, and stress is 3 G/sigma_Y = 115 times as "
                           "sensitive"),), {"flow_curve": table})


CASES = (
    Case("tangent", "law", "the consistent tangent is the derivative of the stress",
         "complex-step derivative of the stress, exact to rounding",
         "the moduli of the last branch at equal stretches, or without the stress terms, are off by their own size",
         tangent),
    Case("objectivity", "law", "a rotation of the deformed body rotates the stress and does nothing else",
         "P(QF) = Q P(F), exact", "plastic strain kept in the spatial frame turns with the body", objectivity),
    Case("uniaxial", "law", "yield in uniaxial tension, without and with swelling",
         "closed form in logarithmic strain; an independent program's number for E 200e3, sigma_Y 200, H 20e3",
         "yield on tau in place of the Mandel stress gives 1 in place of 3.8", uniaxial),
    Case("plane-strain-tension", "law", "ideal plasticity in plane strain reaches 2 sigma_Y/sqrt 3 and half of it",
         "closed form for E 70e3, nu 0.3, sigma_Y 250: (500, 0, 250)/sqrt 3",
         "a return that ignores the axial stress stops at 250", plane_strain_tension),
    Case("rate-dependence", "law", "sigma = sigma_Y [1 + (rate/rate0)^m]", "closed form over four decades of rate",
         "a rate taken per step and not per second moves the curve sideways", flow_curve),
)
