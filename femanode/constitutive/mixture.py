"""Elastic constants, flow stress and swelling of a point: host that turns into product, or an inert phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.swelldirection import Shares
from femanode.constitutive.swelling import REACTED_ABOVE, volume_ratio
from femanode.numerics.arrays import Array, IntArray

#: Converted fraction from which the flow stress depends on the rate of strain.
BEHIND_FRONT = 0.99

#: Constants as a function of converted fraction h and content C, both (elem, qp) or of any other equal shape.
PointLaw = Callable[[Array, Array], Moduli]

#: Stress-free volume ratio Jc as a function of content.
VolumeRatio = Callable[[Array], Array]


@dataclass(frozen=True)
class Phase:
    """Constants of one phase: GPa, and 1/s for the rate; ``yield_stress`` is a function of content.

    The flow stress is sigma_Y [1 + (rate/reference_rate)^rate_exponent], where ``rate`` is that of plastic strain; an
    infinite ``reference_rate`` means no dependence on rate. ``elastic``, if given, has Young's modulus and Poisson's
    ratio as functions of content.
    """

    youngs_modulus: float
    poisson_ratio: float
    yield_stress: Callable[[Array], Array]
    hardening_modulus: float = 0.0
    rate_exponent: float = 1.0
    reference_rate: float = np.inf
    elastic: Callable[[Array], tuple[Array, Array]] | None = None

    def moduli(self, C: Array) -> Moduli:
        """Constants at points of content C."""
        E, nu = self.youngs_modulus, self.poisson_ratio
        one = np.ones_like(C)
        return Moduli(K=E / (3.0 * (1.0 - 2.0 * nu)) * one, G=E / (2.0 * (1.0 + nu)) * one,
                      sigma_Y=self.yield_stress(C), H=self.hardening_modulus * one,
                      rate_exponent=self.rate_exponent * one, reference_rate=self.reference_rate * one)


def host_and_product(host: Phase, product: Phase, expansion: float, ratio: VolumeRatio | None = None) -> PointLaw:
    """Law of material that turns from host into product, its volume ratio being Jc = 1 + ``expansion`` C or ``ratio``.

    Young's modulus and Poisson's ratio go linearly from the host's at content 0 to the product's at content 1, unless
    the product has them as functions of content. From a
    converted fraction of `REACTED_ABOVE` on, flow stress and hardening are the product's: with the host's strength the
    half-converted skin would be the strongest part of the shell. In partly converted material only the product's share
    of the volume carries the product's strength, so that the shell in tension is as thick as the product in it, however
    wide the front. Rate dependence begins behind the front, at `BEHIND_FRONT`, since within it the rate of strain
    depends on a numerical thickness.
    """
    def law(h: Array, C: Array) -> Moduli:
        if product.elastic is None:
            E = host.youngs_modulus + (product.youngs_modulus - host.youngs_modulus) * C
            nu = host.poisson_ratio + (product.poisson_ratio - host.poisson_ratio) * C
        else:
            E, nu = product.elastic(C)
        reacted = h > REACTED_ABOVE

        def pick(a: Array | float, b: Array | float) -> Array:
            return np.where(reacted, b, a)

        # Share of the product in the swollen volume 1 + beta C: the fraction h of the host has become h + beta C.
        gained = expansion * C if ratio is None else ratio(C) - 1.0
        share = np.where(reacted, (h + gained) / (1.0 + gained), 1.0)
        return Moduli(
            K=E / (3.0 * (1.0 - 2.0 * nu)), G=E / (2.0 * (1.0 + nu)),
            # A fraction that is no number compares as none converted: it must not pass for host.
            sigma_Y=pick(host.yield_stress(C), share * product.yield_stress(C)) + 0.0 * h,
            H=pick(host.hardening_modulus, product.hardening_modulus),
            rate_exponent=pick(host.rate_exponent, product.rate_exponent),
            reference_rate=np.where(h > BEHIND_FRONT, pick(host.reference_rate, product.reference_rate),
                                    np.where(reacted, np.inf, host.reference_rate)))

    return law


@dataclass(frozen=True)
class Mixture:
    """Constants and volume ratio of a section's points, which depend on the region of their element.

    Parameters
    ----------
    reacting : callable
        Law of region 0: constants from converted fraction and content, see :func:`host_and_product`.
    expansion : float
        beta of its volume ratio Jc = 1 + beta C; of another law that at content 1.
    inert : tuple of Phase or None
        Phases of regions 1, 2, ..., which hold no carriers and do not swell; None for one that a section has not.
    ratio : callable, optional
        Volume ratio as another function of content.
    shares : Shares, optional
        Directions of swelling; None: isotropic.
    """

    reacting: PointLaw
    expansion: float
    inert: tuple[Phase | None, ...] = ()
    ratio: VolumeRatio | None = None
    shares: Shares | None = None

    def moduli(self, h: Array, C: Array, region: IntArray | None = None) -> Moduli:
        """Constants at points of converted fraction ``h`` and content ``C`` (elem, qp).

        ``region`` (elem,) is the number of each element's region. None means that all react; ``h`` and ``C`` may then
        have any equal shape.
        """
        law = self.reacting(h, C)
        if region is None or not self.inert:
            return law
        values = {f.name: np.array(np.broadcast_to(getattr(law, f.name), h.shape)) for f in fields(law)}
        for number, phase in enumerate(self.inert, start=1):
            if phase is None:
                continue
            here = region == number
            there = phase.moduli(C[here])
            for name, array in values.items():
                array[here] = getattr(there, name)
        return Moduli(**values)

    def volume_ratio(self, C: Array, region: IntArray | None = None) -> Array:
        """Stress-free volume ratio Jc at points of content C (elem, qp); 1 in inert regions."""
        ratio = volume_ratio(C, self.expansion) if self.ratio is None else self.ratio(C)
        if region is None or not self.inert:
            return ratio
        return np.where((region == 0)[:, None], ratio, 1.0)
