"""Laws are pure: arrays in, new arrays out, nothing changed that was handed in."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

import femanode.constitutive
from femanode.constitutive import elastoplasticity, flowdirection, passage, swelldirection, swelling
from femanode.constitutive.chemistry import IdealSolution
from femanode.constitutive.crystal.ledges import Ledges
from femanode.constitutive.crystal.miller import make_frame
from femanode.constitutive.crystal.rates import DirectionLaw, make_direction_law
from femanode.constitutive.kinetics import AtPotential, Exchange, Interface, MassAction
from femanode.constitutive.mixture import Mixture, Phase, host_and_product
from femanode.constitutive.opencircuit import OpenCircuit
from tests.helpers import moduli, unit_plastic

Array = NDArray[np.float64]
SHAPE = (5, 3)
RNG = np.random.default_rng(2)
#: Records of arrays.
RECORDS = ("Moduli", "PointResponse", "Flow")


def field(*first: int, low: float = 0.0, high: float = 1.0) -> Array:
    return RNG.uniform(low, high, (*first, *SHAPE))


def stretched(size: float = 0.3) -> Array:
    """In-plane deformation gradient, det > 0."""
    return np.eye(2)[:, :, None, None] + size * field(2, 2, low=-0.5, high=0.5)


def soft() -> elastoplasticity.Moduli:
    return moduli(100.0, 0.3, 0.2, 1.0, shape=SHAPE)


def response(constants: elastoplasticity.Moduli) -> elastoplasticity.PointResponse:
    """Of points that yield."""
    return elastoplasticity.respond(stretched(), field(low=1.0, high=1.1), unit_plastic(SHAPE), np.zeros(SHAPE),
                                    np.ones(SHAPE), constants, 1.0)


def ledge_rates() -> DirectionLaw:
    return make_direction_law({"100": 0.05, "110": 0.2, "111": 0.01}, "cubic", make_frame((1, 1, 0)),
                         ledges=Ledges(rounding=0.1))


def last_flow() -> flowdirection.Flow:
    return flowdirection.turn(response(soft()), np.zeros(SHAPE), np.ones(SHAPE), soft(), None)[1]


def mixture() -> Mixture:
    """Host and product in region 0, an inert phase in region 1."""
    host, product = phase(1.0), phase(0.3)
    return Mixture(reacting=host_and_product(host, product, 2.8), expansion=2.8, inert=(host,))


def phase(strength: float) -> Phase:
    return Phase(youngs_modulus=100.0, poisson_ratio=0.3, yield_stress=lambda C: strength + 0.0 * C)


def point_inputs() -> list[Any]:
    return [stretched(), field(low=1.0, high=1.1), unit_plastic(SHAPE), field(low=0.0, high=0.01),
            field(low=1.0, high=1.2), soft(), 1.0]


SHARES = swelldirection.Shares(0.4, 0.3, 0.1, 0.3)
EXCHANGE = Exchange(kT=4e-3, dG0=-2e-2, dV=0.015, dV_act=0.01)
RATE, IDEAL = MassAction(kT=4e-3, dG0=-2e-2, dV=0.015, dV_act=0.01), IdealSolution(at_front=0.6)
CURVE = OpenCircuit((0.1, 0.5, 0.8, 1.0), (0.6, 0.3, 0.2, 0.05), 0.11)

#: What each law is called with, by its name; several where it has branches.
CASES: dict[str, list[tuple[Callable[..., Any], list[Any]]]] = {
    "elastoplasticity.trial_strain": [(elastoplasticity.trial_strain, [*point_inputs()[:3], field(low=1.0, high=1.2)])],
    "elastoplasticity.flow_increment": [
        (elastoplasticity.flow_increment, [field(high=2.0), field(), soft(), 1.0]),
        (elastoplasticity.flow_increment, [
            field(high=2.0), field(), moduli(100.0, 0.3, 0.2, 1.0, 0.3, 0.1, shape=SHAPE), 1.0])],
    "elastoplasticity.respond": [
        (elastoplasticity.respond, point_inputs()),
        (elastoplasticity.respond, [*point_inputs()[:5], moduli(100.0, 0.3, shape=SHAPE), 1.0])],
    "elastoplasticity.plastic_metric": [
        (elastoplasticity.plastic_metric, [stretched(), field(low=1.0, high=1.1), field(), field(4), 1.0 + field()])],
    "flowdirection.turn": [
        (flowdirection.turn, [response(soft()), np.zeros(SHAPE), np.ones(SHAPE), soft(), None]),
        (flowdirection.turn, [response(moduli(100.0, 0.3, shape=SHAPE)), np.zeros(SHAPE), np.ones(SHAPE), soft(),
                              None]),
        (flowdirection.turn, [response(soft()), np.zeros(SHAPE), np.ones(SHAPE), soft(), last_flow()])],
    "passage.layer_dissipation": [(passage.layer_dissipation, [field()])],
    "passage.deformed_normal": [(passage.deformed_normal, [stretched(), field(2)])],
    "passage.normal_traction": [(passage.normal_traction, [field(4), field(2)])],
    "passage.swollen": [(passage.swollen, [stretched(), field(2), unit_plastic(SHAPE), 1.0 + field(), field()])],
    "swelldirection.Shares.reshaped": [(SHARES.reshaped, [unit_plastic(SHAPE), 1.0 + field()])],
    "swelldirection.Shares.carried": [(SHARES.carried, [stretched()])],
    "swelldirection.Shares.stress": [(SHARES.stress, [stretched(), field(4), 1.0 + field()])],
    "swelldirection.Shares.flow": [(SHARES.flow, [stretched(), field(2)])],
    "swelldirection.strained": [(swelldirection.strained, [stretched(), unit_plastic(SHAPE), field(4)])],
    "swelling.conversion": [(swelling.conversion, [field(), 0.25])],
    "swelling.conversion_slope": [(swelling.conversion_slope, [field(), 0.25])],
    "swelling.content": [(swelling.content, [field(), field(), 0.6])],
    "swelling.volume_ratio": [(swelling.volume_ratio, [field(), 2.8])],
    "kinetics.MassAction.drive": [(RATE.drive, [field(), field()])],
    "kinetics.Reaction.equilibrium_activity": [(RATE.equilibrium_activity, [field()])],
    "kinetics.MassAction.sensitivity": [(RATE.sensitivity, [field(), field(), field()])],
    "kinetics.Exchange.drive": [(EXCHANGE.drive, [field(), field()])],
    "kinetics.Exchange.sensitivity": [(EXCHANGE.sensitivity, [field(), field(), field()])],
    "kinetics.Interface.stress": [(Interface(1.0, 0.5).stress, [field(), field()])],
    "chemistry.IdealSolution.content": [(IDEAL.content, [field()])],
    "chemistry.IdealSolution.level": [(IDEAL.level, [field()])],
    "chemistry.IdealSolution.tangent": [(IDEAL.tangent, [field()])],
    "chemistry.IdealSolution.secant": [(IDEAL.secant, [field(), field()])],
    "chemistry.IdealSolution.shift": [(IDEAL.shift, [field(), 0.1])],
    "opencircuit.OpenCircuit.content": [(CURVE.content, [field()])],
    "opencircuit.OpenCircuit.level": [(CURVE.level, [field(low=0.3, high=0.9)])],
    "opencircuit.OpenCircuit.tangent": [(CURVE.tangent, [field()])],
    "opencircuit.OpenCircuit.secant": [(CURVE.secant, [field(), field()])],
    "opencircuit.OpenCircuit.free_energy": [(CURVE.free_energy, [field()])],
    "opencircuit.OpenCircuit.shift": [(CURVE.shift, [field(), 0.1])],
    "kinetics.AtPotential.drive": [(AtPotential(RATE, 0.026).drive, [field(), field()])],
    "kinetics.AtPotential.equilibrium_activity": [(AtPotential(RATE, 0.026).equilibrium_activity, [field()])],
    "kinetics.AtPotential.sensitivity": [(AtPotential(RATE, 0.026).sensitivity, [field(), field(), field()])],
    "mixture.Phase.moduli": [(phase(1.0).moduli, [field()])],
    "mixture.Mixture.moduli": [(mixture().moduli, [field(), field()]),
                               (mixture().moduli, [field(), field(), np.array([0, 1, 0, 0, 1])])],
    "mixture.Mixture.volume_ratio": [(mixture().volume_ratio, [field()]),
                                     (mixture().volume_ratio, [field(), np.array([0, 1, 0, 0, 1])])],
    "crystal.rates.DirectionLaw.rate": [
        (make_direction_law(rates, structure, make_frame((0, 0, 1), structure=structure)).rate, [field(), field()])
        for rates, structure in (({"isotropic": 0.1}, "isotropic"), ({"100": 0.1, "110": 0.2, "111": 0.05}, "cubic"),
                                 ({"100": 0.1, "001": 0.2}, "uniaxial"), ({"100": 0.1, "210": 0.2}, "cubic"))],
    "crystal.ledges.LedgeLaw.__call__": [(ledge_rates().log_rate, [field(), field(), field()])],
}


def takes_arrays(function: Callable[..., Any]) -> bool:
    words = [str(p.annotation) for p in inspect.signature(function).parameters.values()]
    return any(record in word for word in words if "Callable" not in word for record in ("Array", *RECORDS))


def laws() -> Iterator[str]:
    """Every public function and method of the folder that takes arrays."""
    prefix = femanode.constitutive.__name__ + "."
    for found in pkgutil.walk_packages(femanode.constitutive.__path__, prefix):
        module = importlib.import_module(found.name)
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
                continue
            here = f"{module.__name__.removeprefix(prefix)}.{name}"
            if inspect.isfunction(thing) and takes_arrays(thing):
                yield here
            if inspect.isclass(thing) and not getattr(thing, "_is_protocol", False):
                yield from (f"{here}.{method}" for method, function in vars(thing).items()
                            if inspect.isfunction(function) and takes_arrays(function)
                            and (method == "__call__" or not method.startswith("_")))


def arrays(thing: Any) -> list[Array]:
    """All arrays in an argument or a result."""
    if isinstance(thing, np.ndarray):
        return [thing]
    if dataclasses.is_dataclass(thing):
        return [a for entry in dataclasses.fields(thing) for a in arrays(getattr(thing, entry.name))]
    if isinstance(thing, float):
        return [np.array(thing)]
    if isinstance(thing, list | tuple):
        return [a for entry in thing for a in arrays(entry)]
    return []


def test_no_law_is_left_out() -> None:
    assert set(laws()) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_laws_are_pure(name: str) -> None:
    """No array that is handed in is changed, nor handed out again."""
    for function, arguments in CASES[name]:
        given = arrays(arguments)
        kept = [a.copy() for a in given]
        result = function(*arguments)
        for now, before in zip(given, kept, strict=True):
            assert_array_equal(now, before)
        assert arrays(result), "nothing comes out"
        for out in arrays(result):
            assert not any(np.shares_memory(out, a) for a in given)
        # and a State's arrays, which are read-only, will do
        for a in given:
            a.flags.writeable = False
        for one, two in zip(arrays(result), arrays(function(*arguments)), strict=True):
            assert_array_equal(one, two)
