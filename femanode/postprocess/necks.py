r"""Where and when the reacted skin necks and tears.

A skin that neither hardens nor depends on rate has its greatest load when it begins to flow in tension: Considere's
condition, d sigma/d eps = sigma, has no other solution where d sigma/d eps = 0. A neck then grows without any further
load (Onat & Prager 1954, J. Appl. Phys. 25, 491), so neither the load nor the second-order work tells a neck from even
stretching. What does is how unevenly the skin has thinned. It is measured along the surface, over gauges of material as
wide as a ligament of the skin and not as an element, so that it hardly depends on the mesh:

    thinning(theta) = ln(stretch along the surface x axial stretch), counted from when that piece had reacted,

the logarithmic thinning of an incompressible skin, its own swelling left out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from femanode.mesh.outline import SPANS
from femanode.numerics.arrays import Array
from femanode.solver.state import Part

#: Material angle of the gauge, rad: 0.17 R of surface, about the thickness of a skin of half of the section.
GAUGE = np.radians(10.0)
#: Distance of the gauges' middles, rad.
SPACING = np.radians(1.0)
#: Converted fraction of its surface from which on a piece of skin counts as reacted.
REACTED = 0.99
#: Thinning beyond the median of the reacted skin that makes a neck: half as thick as the skin elsewhere.
NECKED = float(np.log(2.0))
#: Thinning that makes a tear of a neck: a quarter of its thickness is left. In plane strain this is an equivalent
#: plastic strain of (2/sqrt 3) 2 ln 2 = 1.6 on top of the 1 or so of swelling.
TORN = float(2.0 * np.log(2.0))

CRITERIA = {"neck": "skin over 10 degrees of the surface half as thick as the median of the reacted skin",
            "torn": "skin of a neck thinned to a quarter since it reacted, over 10 degrees of the surface"}

#: Figures of the summary that belong to the shape and stress of the skin, and so to one of several solutions.
TOUCHED = ("anisotropy_ratio", "swelling_by_direction", "hoop_surface_max_GPa", "hoop_max_GPa", "hoop_max_location",
           "crack_risk", "critical_diameter_nm")


@dataclass(frozen=True)
class Event:
    """When and where a criterion was met, between two steps by straight lines.

    The place is on the surface, deformed and in the reference section.
    """

    time_s: float
    converted_fraction: float
    x_nm: float
    y_nm: float
    reference_x_nm: float
    reference_y_nm: float
    criterion: str


@dataclass(frozen=True)
class Rim:
    """Closed outer surface of a section: reference angle (n,) from 0 to 2 pi, rising, reference and deformed places
    (2, n), nm, converted fraction (n,), and axial stretch; of a body of revolution that of the rings, (n,)."""

    angle: Array
    reference: Array
    deformed: Array
    converted: Array
    axial: float | Array = 1.0

    def gauges(self, middle: Array) -> tuple[Array, Array]:
        """Logarithm of surface times axial stretch over the gauges at given angles (rad), and the least conversion
        in them."""
        turn = 2.0 * np.pi
        angle = np.concatenate([self.angle - turn, self.angle, self.angle + turn])

        def along(places: Array, at: Array) -> Array:
            sides = np.hypot(*(np.roll(places, -1, axis=1) - places))  # lengths of sides
            return np.interp(at, angle, np.concatenate([[0.0], np.cumsum(np.tile(sides, 3))[:-1]]))

        ends = middle - 0.5 * GAUGE, middle + 0.5 * GAUGE
        lengths = [along(places, ends[1]) - along(places, ends[0]) for places in (self.deformed, self.reference)]
        within = middle + GAUGE * np.linspace(-0.5, 0.5, 5)[:, None]
        least = np.interp(within, self.angle, self.converted, period=turn).min(axis=0)
        across = self.axial if np.ndim(self.axial) == 0 else np.interp(middle, self.angle, self.axial, period=turn)
        return np.log(lengths[0] / lengths[1] * across), least

    def place(self, angle: float) -> tuple[float, float, float, float]:
        """Deformed and reference place at a material angle, nm."""
        x, y, X, Y = (float(np.interp(angle, self.angle, row, period=2.0 * np.pi))
                      for row in (*self.deformed, *self.reference))
        return x, y, X, Y


def whole_rim(reference: Array, deformed: Array, converted: Array, sector: str,
              axial: float | Array = 1.0) -> Rim:
    """The whole outline from the surface nodes (2, m) of one sector, their converted fraction (m,), and what they are
    stretched by out of the section: one number, or (m,)."""
    for name, mirror in (("x", (-1.0, 1.0)), ("y", (1.0, -1.0))):
        if sector == "quarter" or (sector == "half" and name == "y"):
            flip = np.array(mirror)[:, None]
            reference, deformed = (np.hstack([p, p * flip]) for p in (reference, deformed))
            converted = np.tile(converted, 2)
            axial = axial if np.ndim(axial) == 0 else np.tile(axial, 2)
    angle = np.arctan2(reference[1], reference[0]) % (2.0 * np.pi)
    angle[angle > 2.0 * np.pi - 1e-9] = 0.0
    # Nodes on a mirror line are their own images: keep one of each pair.
    _, first = np.unique(np.round(angle, 9), return_index=True)
    return Rim(angle=angle[first], reference=reference[:, first], deformed=deformed[:, first],
                   converted=converted[first], axial=axial if np.ndim(axial) == 0 else np.asarray(axial)[first])


@dataclass(frozen=True)
class Skin:
    """What the skin has gone through up to one accepted step.

    Attributes
    ----------
    middle : (n,) material angles of the gauges, rad
    start : (n,) logarithmic stretch of each when it had reacted, NaN before
    time_s, converted_fraction : of the step
    thinning, excess : largest thinning, and largest thinning beyond the median of the reacted skin
    neck, torn : events, None where there was none
    """

    middle: Array
    start: Array
    time_s: float = 0.0
    converted_fraction: float = 0.0
    thinning: float = 0.0
    excess: float = 0.0
    neck: Event | None = None
    torn: Event | None = None

    @property
    def stage(self) -> int:
        """0 even, 1 necked, 2 torn."""
        return 0 if self.neck is None else 1 if self.torn is None else 2

    def after(self, surface: Rim, time_s: float, converted_fraction: float) -> Skin:
        """The skin one step on."""
        stretch, least = surface.gauges(self.middle)
        start = np.where(np.isnan(self.start) & (least >= REACTED), stretch, self.start)
        new = replace(self, start=start, time_s=time_s, converted_fraction=converted_fraction)
        if np.all(np.isnan(start)):
            return new
        thinning = stretch - start
        excess = thinning - np.nanmedian(thinning)
        new = replace(new, thinning=float(np.nanmax(thinning)), excess=float(np.nanmax(excess)))
        if new.neck is None and new.excess >= NECKED:
            new = replace(new, neck=self._event(new, "neck", surface, excess))
        if new.neck is not None and new.torn is None and new.thinning >= TORN:
            new = replace(new, torn=self._event(new, "torn", surface, thinning))
        return new

    def _event(self, new: Skin, kind: str, surface: Rim, measure: Array) -> Event:
        """The event that came about between this skin and the ``new`` one, where ``measure`` is largest."""
        was, now, limit = ((self.excess, new.excess, NECKED) if kind == "neck" else
                           (self.thinning, new.thinning, TORN))
        share = float(np.clip((limit - was) / (now - was), 0.0, 1.0)) if now > was else 1.0
        # Both interpolated within one step: a tear must still not come before its neck.
        f = self.converted_fraction + share * (new.converted_fraction - self.converted_fraction)
        t = self.time_s + share * (new.time_s - self.time_s)
        if kind == "torn" and new.neck is not None:
            t, f = max(t, new.neck.time_s), max(f, new.neck.converted_fraction)
        x, y, X, Y = surface.place(float(self.middle[int(np.nanargmax(measure))]))
        return Event(time_s=t, converted_fraction=f, x_nm=x, y_nm=y, reference_x_nm=X, reference_y_nm=Y,
                     criterion=CRITERIA[kind])

    def events(self) -> dict[str, dict[str, Any] | None]:
        """``neck`` and ``torn`` as in ``summary.json``: null where there was none."""
        return {"neck": None if self.neck is None else asdict(self.neck),
                "torn": None if self.torn is None else asdict(self.torn)}

    def sentence(self) -> str:
        """What a reader of the figures must know; empty for an even skin."""
        if self.neck is None:
            return ""
        neck, torn = self.neck, self.torn
        text = (f"the skin necks at {100 * neck.converted_fraction:.1f} % converted, x = {neck.x_nm:.1f} nm, y = "
                f"{neck.y_nm:.1f} nm: from there on several solutions exist, and a real wire may tear")
        if torn is not None:
            text += (f"; it is down to a quarter of its thickness at {100 * torn.converted_fraction:.1f} %, x = "
                     f"{torn.x_nm:.1f} nm, y = {torn.y_nm:.1f} nm, and counts as torn")
        return text

    def part(self) -> Part:
        """For a checkpoint."""
        return Part({"skin_start": self.start},
                    {"skin": {"time_s": self.time_s, "converted_fraction": self.converted_fraction,
                              "thinning": self.thinning, "excess": self.excess, **self.events()}})

    def restored(self, part: Part) -> Skin:
        """What :meth:`part` stored."""
        data = dict(part.data["skin"])
        found = {kind: None if data[kind] is None else Event(**data[kind]) for kind in ("neck", "torn")}
        return Skin(self.middle, np.asarray(part.arrays["skin_start"], dtype=float), **{**data, **found})


def even_skin(sector: str) -> Skin:
    """Skin of a pristine section; its gauges stand on the meshed sector, mirror lines included."""
    n = round(SPANS[sector] / SPACING) + (sector != "full")
    middle = np.arange(n) * SPACING
    return Skin(middle, np.full(n, np.nan))


def figures_after(skin: Skin) -> list[str]:
    """Keys of the summary whose figures were read after a neck had set in."""
    return list(TOUCHED) if skin.stage else []
