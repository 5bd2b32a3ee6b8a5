"""A case at three front thicknesses, and its figures extrapolated to a front without thickness.

Elements and steps are in proportion to the front's half-thickness delta. The error they leave together in a figure is
proportional to z = x/(1 + c x), x = delta/R: of first order, with the curvature c that
:mod:`femanode.postprocess.accuracy` has measured. A straight line in z is fitted. Its uncertainty is the largest change
when the thickest run is left out, or c is taken half or one and a half times as large.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from femanode.config.loading import Config
from femanode.errors import ConfigError
from femanode.output.disk import keeping
from femanode.output.writers import write_json
from femanode.postprocess.accuracy import LARGEST
from femanode.simulation.result import Result
from femanode.simulation.run import Progress, run
from femanode.solver.resolution import resolution

#: Thicknesses over the one asked for, thickest first: the thicker two cost a quarter of the last.
FACTORS = (3.0, 3.0**0.5, 1.0)

#: c of the law: 4 to 12 by figure and conversion start.
CURVATURE = 8.0

#: Largest distance of the three values from their line, over their spread, up to which the line is used.
STRAIGHT = 0.15

#: Of the summary, and of the history at one converted fraction that all three runs reached.
FIGURES = ("converted_fraction", "state_of_charge", "penetration_depth_nm", "time_s", "anisotropy_ratio", "area_ratio",
           "capacity_mAh_g")
COLUMNS = ("time_s", "core_mean_stress_GPa", "front_mean_stress_GPa", "hoop_surface_max_GPa", "diameter_max_nm",
           "diameter_min_nm")


@dataclass(frozen=True)
class Limit:
    """One figure at the three thicknesses, thickest first, and without thickness.

    Attributes
    ----------
    values : tuple of float
        At the three thicknesses.
    value, uncertainty : float
        Without thickness; where not extrapolated, the thinnest run's and the spread of the three.
    order : float or None
        Observed order; None where the two differences differ in sign.
    extrapolated : bool
        False where the three values are not on a line, or drift apart as the front thins.
    """

    values: tuple[float, ...]
    value: float
    uncertainty: float
    order: float | None
    extrapolated: bool


@dataclass(frozen=True)
class Extrapolation:
    """Figures in the limit of a front without thickness, at the end of the runs and ``at_fraction`` converted.

    ``in_range`` is False where the thickest front is well beyond those that the law was measured with.
    """

    half_thickness_nm: tuple[float, ...]
    stop_reasons: tuple[str, ...]
    at_fraction: float
    figures: dict[str, Limit]
    at_the_fraction: dict[str, Limit]

    in_range: bool

    @property
    def comparable(self) -> bool:
        """Whether all three runs stopped for the same reason: otherwise their ends are different things."""
        return len(set(self.stop_reasons)) == 1


def limit(values: Sequence[float], thickness: Sequence[float]) -> Limit:
    """Limit of values at three thicknesses delta/R in geometric progression, thickest first."""
    v, x = np.array(values, dtype=float), np.array(thickness, dtype=float)
    spread, size = float(np.ptp(v)), float(np.abs(v).max())
    if spread <= 1e-6 * size:
        return Limit(values=tuple(v.tolist()), value=float(v[-1]), uncertainty=spread, order=None, extrapolated=True)
    down, last = v[1] - v[0], v[2] - v[1]
    order = float(np.log(down / last) / np.log(x[0] / x[1])) if down * last > 0 else None

    def line(c: float, first: int = 0) -> tuple[float, float]:
        z = x[first:] / (1.0 + c * x[first:])
        slope, start = np.polyfit(z, v[first:], 1)
        return float(start), float(np.abs(v[first:] - start - slope * z).max())

    value, off = line(CURVATURE)
    # Differences that grow as the front thins lead nowhere.
    if order is None or order <= 0.0 or off > STRAIGHT * spread:
        return Limit(values=tuple(v.tolist()), value=float(v[-1]), uncertainty=spread, order=order, extrapolated=False)
    others = (line(CURVATURE, 1), line(0.5 * CURVATURE), line(1.5 * CURVATURE))
    return Limit(values=tuple(v.tolist()), value=value, uncertainty=max(abs(other[0] - value) for other in others),
                 order=order, extrapolated=True)


def at_thickness(config: Config, factor: float) -> Config:
    """The same case with front and elements ``factor`` times as thick.

    Raises
    ------
    ConfigError
        The mesh comes from a file and cannot be made coarser.
    """
    size, delta = resolution(config)
    if size is None or delta is None or config.geometry.shape == "file":
        raise ConfigError("found a mesh from file", where="geometry.shape", allowed="another shape",
                          hint="--extrapolate makes meshes of three sizes")
    return config.model_copy(update={
        "front": config.front.model_copy(update={"half_thickness": factor * delta}),
        "mesh": config.mesh.model_copy(update={"element_size": factor * size})})


def extrapolate(config: Config, out: str | Path | None = None, *, overwrite: bool = False, resume: bool = False,
                report: Callable[[Progress], None] | None = None) -> Extrapolation:
    """Run a case at 3, sqrt 3 and 1 times its half-thickness, and extrapolate.

    Parameters
    ----------
    config : Config
    out : path, optional
        Holds a folder per thickness and ``extrapolation.json``; ``results/<name>-extrapolated`` by default.
    overwrite, resume, report
        As for :func:`femanode.run`, for each of the three.

    Raises
    ------
    ConfigError, ConvergenceError
        As :func:`femanode.run`; also for a mesh from file.
    """
    folder = Path(out) if out is not None else Path("results") / f"{config.name}-extrapolated"
    cases = [at_thickness(config, factor) for factor in FACTORS]
    results = []
    for case in cases:
        place = folder / f"delta_{case.front.half_thickness:.3g}nm"
        results.append(run(case, place, overwrite=overwrite, resume=resume and place.exists(), report=report))
    found = _limits(cases, results)
    with keeping(f"safe: the three runs, in {folder}", "use --resume"):
        write_json(folder / "extrapolation.json", json.loads(json.dumps(asdict(found))))
    return found


def _limits(cases: list[Config], results: list[Result]) -> Extrapolation:
    fraction = 0.95 * min(result.summary["converted_fraction"] for result in results)
    thickness = [float(result.summary["interface_thickness_ratio"]) for result in results]

    figures = {key: limit([result.summary[key] for result in results], thickness) for key in FIGURES}
    columns = {key: limit([np.interp(fraction, r.history["converted_fraction"], r.history[key]) for r in results],
                          thickness) for key in COLUMNS}
    reasons = tuple(str(result.summary["stop_reason"]) for result in results)
    return Extrapolation(half_thickness_nm=tuple(float(case.front.half_thickness or 0.0) for case in cases),
                         stop_reasons=reasons, at_fraction=fraction, figures=figures, at_the_fraction=columns,
                         in_range=thickness[0] <= 1.2 * LARGEST)


def describe(found: Extrapolation) -> str:
    """The table that ``femanode run --extrapolate`` prints."""
    head = "".join(f"{f'{d:.3g} nm':>12}" for d in found.half_thickness_nm)
    lines = [f"{'half-thickness':<34}{head}{'to 0':>12}{'+-':>11}  order"]

    def rows(figures: dict[str, Limit]) -> list[str]:
        return [f"{key:<34}" + "".join(f"{v:>12.5g}" for v in x.values) + f"{x.value:>12.5g}{x.uncertainty:>11.2g}  "
                + ("none" if x.order is None else f"{x.order:.2f}") + ("" if x.extrapolated else "  not extrapolated")
                for key, x in figures.items()]

    lines += rows(found.figures)
    lines += [f"at {100 * found.at_fraction:.1f} % converted", *rows(found.at_the_fraction)]
    if not found.in_range:
        lines.append(f"warning: the thickest front is beyond {LARGEST} R, where the law's curvature was measured; "
                     "take a smaller half-thickness")
    if not found.comparable:
        lines.append("warning: the runs stopped for different reasons, so that their ends do not extrapolate: "
                     + "; ".join(found.stop_reasons))
    return "\n".join(lines)
