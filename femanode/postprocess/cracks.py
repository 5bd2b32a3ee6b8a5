"""Where and when a surface crack would release the most energy.

A straight flaw is assumed at every surface node. It is as deep as the reacted shell is there in the deformed section
(or as long as the material's `fracture.flaw`) and feels the hoop stress along the deformed outline. No crack is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from femanode.constitutive.elastoplasticity import Moduli
from femanode.constitutive.swelling import conversion
from femanode.numerics.arrays import Array
from femanode.output.fieldset import FieldSet
from femanode.postprocess.growth import energy_release
from femanode.postprocess.shell import Shell

#: Largest hoop stress of a free surface over its flow stress Y. On a surface without traction Mises' condition reads
#: s^2 - s z + z^2 = Y^2, with s the hoop and z the axial stress. The largest s is 2 Y/sqrt 3, at z = s/2, the axial
#: stress of flow in plane strain. In generalised plane strain z is free: s is between Y (z = s or 0) and that.
FREE_SURFACE = 2.0 / np.sqrt(3.0)

#: Share of the limit, and of the flow stress, from which a site counts as flowing.
FLOWING = 0.95

ELASTIC = "linear-elastic: at the site the stress is below 95 % of its yield limit"
GENERAL_YIELD = (
    "upper bound at general yield: the whole shell flows, a linear-elastic energy release rate does not exist there; "
    "bounded is the elastic energy that a crack could set free, not the work that further swelling does on an open one")


@dataclass(frozen=True)
class Site:
    """The surface site of one state at which a crack would release the most energy.

    Attributes
    ----------
    t, fraction : float
        Time, s, and converted fraction of the state.
    ratio : float
        G over the toughness Gamma.
    x, y, angle : float
        Place in the deformed section, nm, and polar angle in the reference section, rad.
    hoop, limit : float
        Hoop stress used, and the most that a free surface carries there, GPa.
    depth : float
        Of the crack, nm.
    flows : float
        1 where the site is at yield, else 0.
    alike : float
        Share of the surface whose ratio is within 5 % of the largest.
    sites, bounded : float
        Number of sites with a crack depth above 0, and how many of them were cut off at the limit.
    """

    t: float
    fraction: float
    ratio: float
    x: float
    y: float
    angle: float
    hoop: float
    limit: float
    depth: float
    flows: float
    alike: float
    sites: float
    bounded: float


def flow_stress(fields: FieldSet) -> tuple[Array, Array]:
    """Flow stress and Mises stress as Cauchy stresses, (elem, qp), GPa.

    The flow stress has its hardening; where it depends on the rate, a point that flows shows it as its Mises stress.
    """
    physics, state = fields.problem.physics, fields.state
    h, C = physics.content_at_points(state.xi, state.c)
    law: Moduli = physics.moduli(h, C)
    xx, yy, xy, zz = fields.sigma
    mises = np.sqrt(0.5 * ((xx - yy) ** 2 + (yy - zz) ** 2 + (zz - xx) ** 2) + 3.0 * xy**2)
    # The law flows in the Mandel stress, tau/Jc; the Cauchy stress is tau/J.
    flow = (law.sigma_Y + law.H * state.eqps) * physics.swelling(C) / fields.J
    return np.where(np.isfinite(law.reference_rate), np.maximum(flow, mises), flow), mises


def bounded_hoop(recovered: Array, flow: Array) -> tuple[Array, Array]:
    """Hoop stress of a free surface, cut off at its limit 2 flow/sqrt 3, and that limit; GPa, any one shape.

    The cut is needed because recovery extrapolates from points inside to the surface, and overshoots where the stress
    changes steeply below it.
    """
    limit = FREE_SURFACE * flow
    return np.minimum(recovered, limit), limit


def elastic_constants(law: Moduli) -> tuple[Array, Array]:
    """Young's modulus (GPa) and Poisson's ratio of bulk and shear moduli."""
    return 9.0 * law.K * law.G / (3.0 * law.K + law.G), (1.5 * law.K - law.G) / (3.0 * law.K + law.G)


def weakest(fields: FieldSet, shell: Shell, fraction: float) -> Site:
    """The surface site at which a crack would release the most energy now.

    Parameters
    ----------
    fields : FieldSet
    shell : Shell
        Of the same mesh.
    fraction : float
        Converted fraction, kept with the site.
    """
    problem, state = fields.problem, fields.state
    physics, fracture, nodes = problem.physics, problem.config.material.fracture, shell.nodes
    tx, ty = shell.tangents(fields.position, problem.section.sector)
    xx, yy, xy = (problem.recovery(part)[nodes] for part in fields.sigma[:3])
    flow, mises = (physics.spaces.to_nodes(values)[nodes] for values in flow_stress(fields))
    recovered = tx * tx * xx + ty * ty * yy + 2.0 * tx * ty * xy
    hoop, limit = bounded_hoop(recovered, flow)
    depth = shell.depths(physics.front.log_odds(state.xi), fields.position)[1]
    if fracture.flaw is not None:
        depth = np.full_like(depth, fracture.flaw)
    E, nu = elastic_constants(physics.mixture.moduli(conversion(state.xi[nodes], physics.front.start),
                                                physics.content_at_nodes(state)[nodes]))
    ratio = energy_release(hoop, depth, E, nu) / fracture.energy
    k = int(np.argmax(ratio))
    cracked = depth > 0
    length = physics.spaces.skin_length[nodes]
    x, y = fields.position[:, nodes[k]]
    return Site(t=state.t, fraction=fraction, ratio=float(ratio[k]), x=float(x), y=float(y),
                angle=float(shell.angle[k]), hoop=float(hoop[k]), limit=float(limit[k]), depth=float(depth[k]),
                flows=float(hoop[k] >= FLOWING * limit[k] or mises[k] >= FLOWING * flow[k]),
                alike=float(length[ratio >= 0.95 * ratio[k]].sum() / length.sum()), sites=float(cracked.sum()),
                bounded=float((cracked & (recovered > limit)).sum()))


def figures(sites: Sequence[Site], torn: NDArray[np.bool_], diameter: float, flaw: float | None) -> dict[str, Any]:
    """The crack figures of the summary.

    Parameters
    ----------
    sites : sequence of Site
        One per row of the history.
    torn : (n,) bool
        Rows in which the skin had torn (:mod:`femanode.postprocess.necks`); they do not count.
    diameter : float
        Initial, nm.
    flaw : float or None
        Length of the material's own flaw, nm.
    """
    whole = np.flatnonzero(torn)
    counted = list(sites[:whole[0]] if len(whole) else sites)
    if not counted:
        counted = [sites[0]]
    site = max(counted, key=lambda s: s.ratio)
    found = site.ratio > 0
    flows = found and site.flows > 0
    return {
        "crack_risk": site.ratio, "crack_risk_bound": flows,
        "crack_risk_basis": GENERAL_YIELD if flows else ELASTIC,
        "crack_risk_until_fraction": counted[-1].fraction,
        "crack_site": {
            "x_nm": site.x, "y_nm": site.y, "angle_deg": float(np.degrees(np.arctan2(site.y, site.x))),
            "reference_angle_deg": float(np.degrees(site.angle)), "time_s": site.t,
            "converted_fraction": site.fraction, "hoop_GPa": site.hoop, "shell_depth_nm": site.depth,
            "surface_share": site.alike} if found else None,
        "crack_sites": int(sum(s.sites for s in counted)),
        "crack_sites_bounded": int(sum(s.bounded for s in counted)),
        # Where the crack is as deep as the shell, G grows in proportion to the diameter.
        "critical_diameter_nm": diameter / site.ratio if flaw is None and found else None}


def warning(found: dict[str, Any]) -> str:
    """What a reader must know of a crack risk above 1; ``found`` from :func:`figures`."""
    expected = ("an upper bound at general yield: a surface crack cannot be ruled out" if found["crack_risk_bound"]
                else "a surface crack is expected")
    return f"crack risk {found['crack_risk']:.2g} is above 1: {expected}, which the model does not open"
