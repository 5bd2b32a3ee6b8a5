"""What an axisymmetric section cannot have: said in one line each."""

from __future__ import annotations

from typing import Any

from femanode.config.contact import arc_of
from femanode.config.quantities import problem

_ALLOWED = "symmetry: plane, or none"


def require_body(geometry: Any) -> None:
    """Refuse, by the ValueError of a validator, a section ``geometry`` that is no body of revolution about y = z.

    The section is meshed from z = 0 on, the plane in which the body is its own mirror image.
    """
    if geometry.shape == "polygon":
        raise problem("found polygon with symmetry: axisymmetric", allowed="circle (a sphere), annulus (a hollow one), "
                      "ellipse (a spheroid), rectangle (a cylinder) or file", key="shape")
    if geometry.sector not in ("auto", "quarter"):
        raise problem(f"found {geometry.sector} with symmetry: axisymmetric", allowed="auto, quarter",
                      hint="r and z from 0 on: the other three quarters are the same body", key="sector")
    if geometry.rotation % 90.0:
        raise problem(f"found {geometry.rotation:g} deg with symmetry: axisymmetric", allowed="0 deg or 90 deg",
                      hint=f"the {geometry.shape} is revolved about one of its axes", key="rotation")
    if geometry.roughness is not None:
        raise problem("found a roughness with symmetry: axisymmetric", allowed=_ALLOWED, key="roughness")
    if geometry.contact is not None:
        start, end = arc_of(geometry.contact)
        if start != -end or end > 90.0:
            raise problem(f"found a contact from {start:g} to {end:g} deg with symmetry: axisymmetric",
                          allowed="a belt about the equator: from minus an angle to that angle, at most 90 deg",
                          hint="the body is its own mirror image in z = 0", key="contact")


def crystal_note(config: Any) -> str | None:
    """Said of directions of a crystal that were given to a body of revolution, where they mean nothing.

    They are no mistake: a particle is often written down beside the wire that it is compared with. A run's own
    `config.yaml` has those that stand for none.
    """
    given = config.crystal
    if not config.geometry.axisymmetric or (given.axis, given.in_plane) == ((0, 0, 1), None):
        return None
    return (f"crystal: the axis {list(given.axis)} has no meaning in an axisymmetric body, which is the same all round "
            "and has isotropic rates; leave it out")


def require_isotropic(config: Any) -> None:
    """Refuse, by the ValueError of a validator, keys of a configuration that know a direction across the axis, or an
    end of it.
    """
    mechanics, material = config.mechanics, config.material
    if "isotropic" not in material.front.rates:
        raise problem("found rates that depend on direction, with geometry.symmetry: axisymmetric",
                      allowed="isotropic ones, such as overrides: {front.rates: {isotropic: 0.05 nm/s}}",
                      hint="a crystal is not the same all round an axis", key="material.front.rates")
    if material.swelling.directions is not None and max(material.swelling.directions) - min(
            material.swelling.directions) > 1e-12:
        raise problem("found swelling by direction, with geometry.symmetry: axisymmetric", allowed="none",
                      key="material.swelling.directions")
    if mechanics.axial != "plane_strain":
        raise problem(f"found {mechanics.axial} with geometry.symmetry: axisymmetric", allowed="no such key",
                      hint="the body is meshed along its axis, which is free", key="mechanics.axial")
