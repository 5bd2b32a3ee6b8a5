"""Figures that lie outside of physics or of what the model and its constants are good for, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from femanode.output.fieldset import FieldSet
from femanode.postprocess.record import Recorder
from femanode.solver.ends import ABOVE_CUTOFF

#: Hoop stress of a surface over the flow stress of its material: at most 2/sqrt(3) in plane strain, and half as much
#: again for values recovered at nodes where the stress changes within an element. Inside no bound holds: pressure does
#: not make metal flow.
OVERSTRESS = 1.5 * 2.0 / np.sqrt(3.0)
#: Open part of the power balance; relative error of the carrier balance; and how far a volume ratio may lie outside of
#: what content explains.
ENERGY_GAP, CONTENT_ERROR, VOLUME = 0.05, 1e-6, 0.15
#: What less of the full content has moved is rounding: no balance can be drawn of it.
MOVED = 1e-9
#: Equivalent plastic strain above which an element is drawn out to more than a hundred times its length.
LARGEST_FLOW = 5.0
#: How far the content may leave a measured curve (`femanode.constitutive.opencircuit.BEYOND` over a quarter of a volt).
BEYOND_CURVE = 0.005
#: Kelvin: where liquid electrolytes work, and constants measured at room temperature hold.
COLDEST, HOTTEST = 230.0, 360.0


def implausible(record: Recorder, fields: FieldSet) -> list[str]:
    """What of the last state and of the whole record is not physical, or outside of the model's range.

    Parameters
    ----------
    record : Recorder
        Rows of all accepted steps.
    fields : FieldSet
        Fields of the last accepted state.
    """
    return [*_state(fields), *_surface(record, fields), *_balances(record), *_range(record)]


def _state(fields: FieldSet) -> Iterator[str]:
    """Content and volume of the last state."""
    physics, state = fields.problem.physics, fields.state
    C = physics.content_at_nodes(state)
    above = 0.0 if physics.applied[state.step].current is None else ABOVE_CUTOFF
    # Stress may take the carriers' level beyond the ends of a measured curve, where it is continued with a small slope.
    measured = BEYOND_CURVE if fields.problem.config.material.chemistry.law == "open_circuit" else 0.0
    if C.min() < -1e-6 - measured or C.max() > 1.0 + 1e-6 + max(above, measured):
        yield f"content leaves [0, 1]: {C.min():.3g} to {C.max():.3g}"
    J, free = fields.J, physics.mixture.volume_ratio(np.linspace(0.0, 1.0, 101)[:, None])
    largest, smallest = (1.0 + VOLUME) * float(np.max(free)), (1.0 - VOLUME) * float(np.min(free))
    if J.max() > largest:
        yield f"volume ratio reaches {J.max():.2f}, above the {largest:.2f} that full content explains"
    if J.min() < smallest:
        yield f"volume ratio falls to {J.min():.2f}, below the {smallest:.2f} that pressure explains"


def _surface(record: Recorder, fields: FieldSet) -> Iterator[str]:
    """Hoop stress of the surface against the strength of the skin."""
    physics, state, spaces = fields.problem.physics, fields.state, fields.problem.physics.spaces
    law = physics.moduli(*physics.content_at_points(state.xi, state.c))
    skin = np.isin(spaces.cells, spaces.outer).any(axis=0)
    strength = float(np.max((law.sigma_Y + law.H * state.eqps)[skin]))
    # A pressure on the surface takes off as much of the hoop stress at which the skin flows.
    hoop = float(record.rows[-1]["hoop_surface_max_GPa"]) + fields.problem.config.mechanics.pressure
    if hoop > OVERSTRESS * strength:
        yield (f"surface hoop stress reaches {hoop:.3g} GPa, {hoop / strength:.1f} times the flow stress of the skin, "
               f"{strength:.3g} GPa: flow allows {2.0 / np.sqrt(3.0):.2f} (rate dependence, or too coarse a mesh)")


def _balances(record: Recorder) -> Iterator[str]:
    """Power and carrier balance."""
    gap, charge = float(record.rows[-1]["energy_gap"]), record.column("state_of_charge")
    if abs(gap) > ENERGY_GAP and np.ptp(charge) > MOVED:
        yield (f"the power balance is open by {100 * gap:.0f} % of the energy that the reaction gave: stresses at the "
               "front are not resolved (smaller elements or steps)")
    error = float(np.max(record.column("content_error")))
    if error > CONTENT_ERROR:
        yield f"the carrier balance of a step is off by {error:.1e} of what entered in it"


def _range(record: Recorder) -> Iterator[str]:
    """Strain and temperature."""
    eqps = float(np.max(record.column("eqps_max")))
    if eqps > LARGEST_FLOW:
        yield f"equivalent plastic strain reaches {eqps:.1f}: elements are drawn out beyond what their mesh resolves"
    T, charge = record.problem.config.temperature, record.problem.config.material.carrier.charge
    if charge and not COLDEST <= T <= HOTTEST:
        yield (f"a temperature of {T:g} K lies outside of {COLDEST:g} to {HOTTEST:g} K, where liquid electrolytes work "
               "and constants measured at room temperature hold")
