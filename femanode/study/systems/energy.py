r"""Where stress stops a front: work of swelling against stress, and what the potential gives for it; closed forms.

A sharp front moves inwards through a round wire, an ideally plastic shell behind it, in plane strain. At the converted
fraction f the shell presses on the core with

    p = (s/sqrt 3) ln(1 + J f/(1 - f)),

s its flow stress and J its volume ratio (the flow of an ideally plastic ring, 2 k ln(b/a), k = s/sqrt 3). The front
swells along its normal only and flows within: the mean stress that does work is p + 2 s/3. Per carrier that is
(p + 2 s/3) (J_f - 1) V/x_f, with J_f and x_f at the front. In a sphere p = (2 s/3) ln(1 + J f/(1 - f)), on a flat film
p = 0. The front stands where this equals e (U - applied potential).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from femanode.config.loading import Config
from femanode.config.material import Material
from femanode.solver.laws import diffusivity_of, reaction_energy_of, swelling_volume
from femanode.units import E_CHARGE

Body = Literal["film", "wire", "sphere"]
#: p over s ln(1 + J f/(1 - f)).
_SHELL: dict[Body, float] = {"film": 0.0, "wire": 1.0 / math.sqrt(3.0), "sphere": 2.0 / 3.0}


def work_eV(fraction: float, flow_stress: float, ratio: float, volume: float, body: Body = "wire") -> float:
    """Stress work per carrier at a converted fraction, eV.

    Parameters
    ----------
    fraction : float
        Converted fraction f, in [0, 1).
    flow_stress : float
        s, GPa.
    ratio : float
        J, volume ratio of the shell.
    volume : float
        Volume that the front adds per carrier, (J_f - 1) V/x_f, nm^3.
    body : str
        ``film``, ``wire`` or ``sphere``.
    """
    p = _SHELL[body] * flow_stress * math.log1p(ratio * fraction / (1.0 - fraction))
    return (p + 2.0 * flow_stress / 3.0) * volume / E_CHARGE


def arrest_fraction(energy_eV: float, flow_stress: float, ratio: float, volume: float, body: Body = "wire") -> float:
    """Converted fraction at which :func:`work_eV` has grown to an energy: 0 if it never was below, 1 if never above."""
    pressure = energy_eV * E_CHARGE / volume - 2.0 * flow_stress / 3.0
    if pressure <= 0.0:
        return 0.0
    if body == "film":
        return 1.0
    # expm1 overflows where the front never stands.
    grown = math.expm1(min(pressure / (_SHELL[body] * flow_stress), 700.0))
    return grown / (ratio + grown)


def flow_stress_of(material: Material) -> float:
    """Flow stress of the reacted phase as the front forms it, GPa; content in the shell raises or lowers it."""
    table, content = material.mechanics.reacted.yield_stress, material.content
    if len(table.value) == 1:
        return table.value[0]
    return float(np.interp(content.x_front / content.x_max, table.content, table.value))


def stress_work_eV(material: Material, fraction: float, body: Body = "wire") -> float:
    """:func:`work_eV` of a material, with the volume ratio of the full phase and the flow stress of its front."""
    return work_eV(fraction, flow_stress_of(material), 1.0 + material.swelling.full, swelling_volume(material), body)


def available_eV(config: Config) -> float:
    """What the reaction gives per carrier outside the surface, eV: e z (U - applied), or a neutral carrier's energy."""
    front, charge = config.material.front, config.material.carrier.charge
    if front.equilibrium_potential is None:
        return -reaction_energy_of(config) / E_CHARGE
    return charge * (front.equilibrium_potential - config.boundary.potential)


def film_speed(material: Material, diffusivity: float, thickness: float = 5.0, concentration: float = 24.1) -> float:
    """Front speed at which a film that is empty at its inner side just lets through what the front takes up, nm/s.

    D c/h carriers cross it per area and time, and the front takes x_front/V_host per volume.

    Parameters
    ----------
    material : Material
    diffusivity : float
        Of the film, nm^2/s.
    thickness : float
        nm.
    concentration : float
        Carriers in the film on the side of the electrolyte, 1/nm^3; 24.1 is 0.04 mol/cm^3.
    """
    return diffusivity * concentration / thickness * material.host.volume / material.content.x_front


def rate_for_diffusion_control(config: Config) -> float:
    """Front rate k above which diffusion takes more of a wire's time than the front, nm/s: k R c_f/((1 - c_f) D) = 1.

    See :func:`femanode.postprocess.growth.damkohler`.
    """
    material, radius = config.material, 0.5 * (config.geometry.narrowest or math.nan)
    c_f = material.content.x_front / material.content.x_max
    D = float(diffusivity_of(config)(np.array([c_f]))[0])
    if material.transport.frame == "deformed":  # for lengths as grown, as of a flat film
        D /= (1.0 + swelling_volume(material) * material.content.x_front / material.host.volume) ** 2
    return (1.0 - c_f) * D / (c_f * radius)
