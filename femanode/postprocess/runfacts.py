"""What a run's folder says about itself, read without a solver: configuration, system, laws, predictions.

Tolerant on purpose: a folder of another version, or one of a run that was stopped, lacks some of it, and gives None
there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from femanode.config.yamlio import load_yaml
from femanode.constitutive.crystal.miller import CrystalFrame, make_frame, parse_miller
from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.runfolder import Frame, RunFolder
from femanode.postprocess.growth import rate_exponent, while_moving
from femanode.postprocess.observations import Comparison, Subject, compare, family, observations_for
from femanode.postprocess.profiles import lobes, rose
from femanode.solver.reasons import StopReason
from femanode.units import E_CHARGE, parse_quantity

#: Point data that pages show.
KEPT = ("displacement", "extent", "content", "hoop_stress_GPa", "mean_stress_GPa")
#: Converted fraction from which the whole section counts as passed.
PASSED = 0.98
#: Share of a cycle's carriers that has to leave again for the section to count as emptied; less is a hold that settles.
LEFT = 0.05
#: Figures of a run's end that are observed where a section has been filled for the first time.
AT_END = frozenset({"anisotropy_ratio", "arrest_time_s", "axial_strain", "capacity_mAh_g", "converted_fraction",
                    "lobes", "swelling_mean", "swelling_spread", "volume_gain"})


@dataclass(frozen=True)
class FittedLaw:
    """L = a (t - t0)^n, fitted: time (n,), s, and depth (n,), nm, along the fit in its range, exponent and r2."""

    t: Array
    depth: Array
    exponent: float
    r2: float


class RunFacts:
    """Figures and settings of one run.

    Parameters
    ----------
    run : RunFolder
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._instants: dict[int, Frame] = {}

    def instant(self, number: int) -> Frame:
        """A frame with the fields that pages show, read once; negative numbers count from the end."""
        number = range(len(self.run.frames))[number]
        if number not in self._instants:
            instant = self.run.frames[number]
            # Reading the same files again took half of a page's time; what is kept is a fifth of their content.
            kept = {name: values for name, values in instant.mesh.fields.items() if name in KEPT}
            instant.__dict__["mesh"] = replace(instant.mesh, fields=kept)
            self._instants[number] = instant
        return self._instants[number]

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """``config.yaml`` as written; empty where it is missing or broken."""
        try:
            return load_yaml(self.run.path / "config.yaml")[0]
        except ConfigError:
            return {}

    def setting(self, path: str) -> Any:
        """The value at a key path, without its source; None where there is none."""
        node: Any = self.config
        for key in path.split("."):
            node = node.get(key) if isinstance(node, Mapping) else None
        return node["value"] if isinstance(node, Mapping) and "value" in node else node

    def quantity(self, path: str, unit: str) -> float | None:
        """A dimensional setting in ``unit``; None where it is missing."""
        value = self.setting(path)
        try:
            return None if value is None else parse_quantity(value, unit)
        except ConfigError:
            return None

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """``summary.json``; empty where the run has none."""
        try:
            return self.run.summary
        except ConfigError:
            return {}

    @property
    def radius(self) -> float | None:
        """Initial outer radius, nm."""
        value = self.run.manifest.get("radius_nm")
        return float(value) if isinstance(value, int | float) else None

    @cached_property
    def frame(self) -> CrystalFrame | None:
        """How the crystal lies in the section; None where the folder does not say."""
        crystal = self.run.manifest.get("crystal") or {}
        try:
            return make_frame(crystal["axis"], parse_miller(crystal["x"]),
                              str(self.setting("material.host.structure") or "cubic"))
        except (ConfigError, KeyError, TypeError):
            return None

    def direction_angle(self, miller: str) -> float | None:
        """Angle of a Miller direction in the section, degrees from x; None where it is not in the section."""
        if self.frame is None:
            return None
        hkl = np.array(parse_miller(miller), dtype=float)
        x, y, z = self.frame.rotation @ (hkl / np.linalg.norm(hkl))
        return float(np.degrees(np.arctan2(y, x))) if abs(z) < 1e-9 else None

    @cached_property
    def subject(self) -> Subject:
        """System, size and axis, as observations are chosen by."""
        axis = (self.run.manifest.get("crystal") or {}).get("axis")
        return Subject(carrier=self.setting("material.carrier.symbol"), host=self.setting("material.host.symbol"),
                       structure=self.setting("material.host.structure"),
                       diameter_nm=None if self.radius is None else 2 * self.radius,
                       axis=tuple(axis) if isinstance(axis, list) else None,
                       body="particle" if self.run.axisymmetric else "wire")

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """Every observation that speaks of this run, with the prediction beside it."""
        unknown = not self.finished or self.without_front
        return [compare(fact, None if fact.quantity == "converted_fraction" and unknown
                        else self.predicted(fact.quantity)) for fact in observations_for(self.subject)]

    @property
    def finished(self) -> bool:
        """Whether the front came to rest or passed the section, or a protocol was gone through; else the end was set by
        the user or by a failure."""
        reason, converted = self.summary.get("stop_reason"), self.summary.get("converted_fraction") or 0.0
        return reason in (StopReason.ARRESTED.value, StopReason.PROTOCOL.value) or converted >= PASSED

    def past(self, quantity: str) -> bool:
        """Whether a figure is of a section that carriers have left again, and was seen in one that was filled once.

        A front that the protocol turned back from shows no end of its own either.
        """
        left = any(one["capacity_out_mAh_g"] > LEFT * one["capacity_in_mAh_g"]
                   for one in self.summary.get("cycles") or ())
        return left and (quantity in AT_END or quantity.startswith("diameter<"))

    @property
    def without_front(self) -> bool:
        """Whether the section had reacted from the start."""
        return self.setting("initial.reacted") is True

    def predicted(self, quantity: str) -> float | str | None:
        """A figure by its key in the summary, or by the derived names that observations use."""
        s = self.summary
        swelling = s.get("swelling_by_direction") or {}
        if quantity.startswith("diameter<"):
            wanted = family(parse_miller(quantity.removeprefix("diameter")))
            strains = [v for k, v in swelling.items() if family(parse_miller(k)) == wanted]
            return 1.0 + float(np.mean(strains)) if strains else None
        if quantity == "swelling_spread":
            return max(swelling.values()) - min(swelling.values()) if swelling else None
        if quantity in ("lobes", "swelling_mean"):
            return self._from_shape(quantity)
        if quantity == "axial_strain":
            return s["axial_stretch"] - 1.0 if "axial_stretch" in s else None
        if quantity == "volume_gain":
            return s["area_ratio"] * s["axial_stretch"] - 1.0 if {"area_ratio", "axial_stretch"} <= set(s) else None
        value = s.get(quantity)
        return value if isinstance(value, str) or value is None else float(value)

    def _from_shape(self, quantity: str) -> float | None:
        """Figures of the last frame's outline; None where it cannot be read, which must not cost the others."""
        try:
            mesh, sector = self.instant(-1).mesh, self.run.sector
        except ConfigError:
            return None
        return float(lobes(mesh, sector)) if quantity == "lobes" else float(rose(mesh, sector).values[:-1].mean() - 1.0)

    @cached_property
    def entry_time(self) -> float:
        """Time at which the front had formed, s; 0 where the folder does not say."""
        return float(self.summary.get("front_entry_time_s") or 0.0)

    @cached_property
    def law(self) -> FittedLaw | None:
        """The power law of the depth, on the points that the summary's exponent is fitted to; None with too few."""
        history = self.run.columns
        if not {"time_s", "front_depth_nm"} <= set(history):
            return None
        t = history["time_s"] - self.entry_time
        depth = history["front_depth_nm"]
        start = 3.0 * float(self.run.manifest.get("half_thickness_nm") or 0.0)
        fit = rate_exponent(t, depth, start)
        if fit.exponent is None or fit.r2 is None:
            return None
        chosen = (t > 0) & (depth > start) & while_moving(t, depth)
        x, y = np.log(t[chosen]), np.log(depth[chosen])
        curve = np.exp(y.mean() + fit.exponent * (x - x.mean()))
        return FittedLaw(t=t[chosen] + self.entry_time, depth=curve, exponent=fit.exponent, r2=fit.r2)

    @cached_property
    def reaction_eV(self) -> float | None:
        """Delta G_r - e phi per ion, eV: minus (equilibrium potential - applied potential) times the charge."""
        terms = self.summary.get("eq1_terms_eV") or {}
        return terms.get("reaction_and_potential")

    @cached_property
    def volumes_nm3(self) -> tuple[float, float] | None:
        """V_host/x and V_full/x of Eq. (1), nm^3 per ion; None where the folder does not say."""
        host = self.quantity("material.host.volume", "nm^3")
        x, beta = self.setting("material.content.x_max"), self.setting("material.swelling.expansion")
        if host is None or not x or beta is None:
            return None
        full = beta["value"][-1] if isinstance(beta, dict) else beta
        return host / float(x), host * (1.0 + float(full)) / float(x)


def in_electronvolts(stress: Array, volume: float) -> Array:
    """Stress (GPa) times volume (nm^3), eV."""
    return np.asarray(stress, dtype=float) * volume / E_CHARGE
