"""A round oxide by closed form: what its curvature and its stress do to thermal oxidation, beside a flat film.

A sharp front at the radius r of a wire of radius R has its oxide between r and b, b^2 = r^2 + J (R^2 - r^2). It moves
at

    v = k a exp(-p V/kT),   p = (s/sqrt 3) ln(b^2/r^2),   1 - a = v r J ln(b/r)/(D C*/N),

k its rate on a flat film, a the activity of the oxidant at the front, p the pressure of an ideally plastic oxide of
flow stress s, V the activation volume, and D the diffusivity in the oxide, whose thickness carriers cross as it is.

So v falls as (r/b)^2m with m = s V/(sqrt 3 kT). From m = 1/2 on, s V = (sqrt 3/2) kT, a core takes for ever: growth is
self-limited, with no energy that would run out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.integrate import quad
from scipy.optimize import brentq

from femanode.config.loading import Config
from femanode.pictures.style import COLOURS, DASHES, fill, label, new_chart
from femanode.solver.laws import diffusivity_of, rates_of, swelling_volume
from femanode.units import K_B

#: Depth of the flat film in the figure, nm, and the diameters, nm.
FLAT, DIAMETERS = 20.0, (50.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0, 2000.0)
#: Lines of the figure: temperature, degrees C; flow stress, GPa; whether it acts.
LINES = ((1000.0, 0.45, False), (1000.0, 0.45, True), (900.0, 0.45, True), (800.0, 0.45, True), (900.0, 1.4, True))


def constants(config: Config) -> tuple[float, float, float, float]:
    """Rate on a flat film, nm/s; D C*/N, nm^2/s; volume ratio; V/kT, 1/GPa."""
    material = config.material
    V = material.front.activation_volume / (K_B * config.temperature)
    k = max(rates_of(config).values()) * float(np.exp(-2.0 / 3.0 * flow_stress(config) * V))
    formed = material.content.x_front / material.content.x_max
    D = float(diffusivity_of(config)(np.array([formed]))[0])
    J = 1.0 + swelling_volume(material) * material.content.x_front / material.host.volume
    return k, (1.0 / formed - 1.0) * D, J, V


def flow_stress(config: Config) -> float:
    return config.material.mechanics.reacted.yield_stress.value[0]


def round_time(config: Config, fraction: float) -> float:
    """Time (s) in which a sharp front converts a ``fraction`` of a round wire, with the fastest rate all round.

    Parameters
    ----------
    config : Config
        A wire whose carriers diffuse through the section as swollen, with rates measured on flat films.
    fraction : float
        In [0, 1).
    """
    k, D, J, V = constants(config)
    R, flow = 0.5 * (config.geometry.diameter or np.nan), flow_stress(config)

    def slowness(r: float) -> float:
        grown = float(np.log(r * r + J * (R * R - r * r)) - 2.0 * np.log(r))
        return float(np.exp(flow / np.sqrt(3.0) * grown * V)) / k + 0.5 * r * J * grown / D

    return float(quad(slowness, R * np.sqrt(1.0 - fraction), R)[0])


def limiting_flow(config: Config) -> float:
    """Flow stress (GPa) of the oxide from which on a sharp front never gets through a round wire."""
    return float(np.sqrt(3.0) / 2.0) * K_B * config.temperature / config.material.front.activation_volume


def flat_time(config: Config, depth: float) -> float:
    """Time (s) in which the front in a flat film of the same material comes to a depth, nm."""
    k, D, J, _ = constants(config)
    return depth / k + (J * depth) ** 2 / (2.0 * D)


def depth_over_flat(config: Config, depth: float) -> float:
    """Depth of a sharp front in a round wire over that of a flat film, when the latter is at ``depth`` (nm).

    NaN where the wire is through before.
    """
    t, R = flat_time(config, depth), 0.5 * (config.geometry.diameter or np.nan)
    most = 1.0 - 1e-6
    if round_time(config, most) <= t:
        return float("nan")
    fraction = brentq(lambda f: round_time(config, f) - t, 0.0, most)
    return float(R * (1.0 - np.sqrt(1.0 - fraction)) / depth)


def oxide_case(celsius: float, diameter: float, flow: float, *, acts: bool = True) -> Config:
    """Wire in water vapour with the rate of (100) all round; diameter in nm, flow stress in GPa."""
    settings: dict[str, Any] = {
        "name": "oxide", "geometry": {"shape": "circle", "diameter": f"{diameter} nm"}, "material": "O-Si-wet",
        "crystal": {"axis": [0, 0, 1]}, "temperature": f"{celsius + 273.15} K", "time": {"end": "1 h"}}
    rate = Config.from_mapping(settings).material.front.rates["100"]
    changes = {"front.rates": {"isotropic": f"{rate} nm/s"}, "mechanics.yield_stress": f"{flow} GPa",
               **({} if acts else {"front.activation_volume": "0 Å^3"})}
    return Config.from_mapping({**settings, "overrides": changes})


def oxide_figure() -> Figure:
    """Depth over that of a flat film against the diameter, by temperature and flow stress."""
    figure, axes = new_chart(6.4, 4.2)
    for k, (celsius, flow, acts) in enumerate(LINES):
        across = [depth_over_flat(oxide_case(celsius, d, flow, acts=acts), FLAT) for d in DIAMETERS]
        text = f"{celsius:g} °C, {flow:g} GPa" if acts else f"{celsius:g} °C, no stress"
        axes.plot(DIAMETERS, across, marker="o", markersize=4, color=COLOURS[k], linestyle=DASHES[k % len(DASHES)],
                  label=text)
    axes.axhline(1.0, color="#888888", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks([50, 100, 200, 500, 1000, 2000], ["50", "100", "200", "500", "1000", "2000"])
    axes.set_xticks([], minor=True)
    label(axes, "Diameter (nm)", f"Silicon consumed, over {FLAT:g} nm on a flat film")
    fill(figure)
    return figure

