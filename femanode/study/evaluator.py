"""The cases a fit asks for: run several at a time, compared with the measurements, and differenced.

Every parameter is expressed as a share u of the way between its bounds (of their logarithms where asked for).
Derivatives are central differences over `STEP`, wide enough for the scatter that time steps leave in a result not to
matter. The runs they need go side by side. Every run is a case that is kept and never run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from femanode.config.geometry import Geometry
from femanode.config.loading import Config
from femanode.errors import ConfigError, FemanodeError
from femanode.numerics.arrays import Array
from femanode.output.runfolder import read_table
from femanode.study.cases import Builder, Case, case_hash
from femanode.study.curves import Curve
from femanode.study.execution.engine import Perform, cores
from femanode.study.execution.store import FINISHED, Outcome, read_summary
from femanode.study.fitfile import Fit
from femanode.study.ledger import Ledger
from femanode.study.sweepfile import Sweep, load_sweep

if TYPE_CHECKING:
    from femanode.study.execution.engine import Client

#: Half-width of a central difference, as a share of the range of a parameter.
STEP = 0.02
#: Residual, in standard errors, given to a case that did not come to its end: so large that the search turns away.
FAILED = 1e3


class FitFailed(FemanodeError):
    """No fit could be made from the cases."""

    exit_code = 3


@dataclass
class Answer:
    """What one case says of the measured values; not `known` where it failed."""

    model: Array
    known: bool


@dataclass
class Evaluator:
    """Runs the cases a fit asks for, several at a time, and compares them with the measurements."""

    task: Fit
    folder: Path
    runner: str
    slots: int
    performer: Perform | None
    client: Client | None = None
    tell: Callable[[str], None] | None = None
    last_message: str = ""
    _answers: dict[str, Answer] = field(default_factory=dict)
    _sweep: Sweep = field(init=False)
    _builder: Builder = field(init=False)

    def __post_init__(self) -> None:
        task = self.task
        self._sweep = load_sweep({
            "base": task.model.base, "settings": task.model.settings, "limits": {},
            "axes": {p.path: [p.value(p.start)] for p in task.parameters}, "cache": task.model.cache})
        # Limits are checked already, and relative paths start from the fit file.
        model = self._sweep.model.model_copy(update={"limits": task.model.limits})
        places = dict(task.places)
        for p in task.parameters:
            if ("parameters", p.path) in places:
                places["axes", p.path] = places["parameters", p.path]
        self._sweep = Sweep(name=task.name, model=model, groups=self._sweep.groups, points=self._sweep.points,
                            folder=task.folder, places=places)
        self._builder = Builder(self._sweep)
        configs = [self._builder.config([p.value(share) for p in task.parameters])
                   for share in (0.0, task.parameters[0].start, 1.0)]
        config, curve = configs[-1], task.curve
        if curve is not None and config.time.end < curve.time[-1]:
            raise ConfigError(f"found {config.time.end:g} s, but the data reach to {curve.time[-1]:g} s",
                              where="time.end", allowed="at least the last measured time", hint="set it under settings")
        if curve is not None and curve.key.startswith("front_depth"):
            curve.refuse_beyond(_deepest([c.geometry for c in configs]), "what the wire has below its surface",
                                "look at the unit of the column, and at the diameter of the base")
        if curve is not None and curve.key.startswith("diameter"):
            sizes = [_diameters(c) for c in configs]
            curve.refuse_beyond(max(top for _, top in sizes), "half the wire, to all its swelling along one diameter",
                                "look at the unit of the column, and at the diameter of the base",
                                bottom=min(low for low, _ in sizes))
        self.measured = np.concatenate([*([curve.value] if curve else []), [v for v, _ in task.targets.values()]])
        spread = np.ones_like(curve.value) if curve and curve.error is None else curve.error if curve else np.empty(0)
        self.error = np.concatenate([np.asarray(spread), [e for _, e in task.targets.values()]])

    @property
    def cases(self) -> int:
        """Different cases asked for."""
        return len(self._answers)

    def run(self, points: Sequence[Array]) -> list[Answer]:
        """Answers for shares u, each of shape (parameters,)."""
        rows = [tuple(p.value(float(u)) for p, u in zip(self.task.parameters, point, strict=True)) for point in points]
        cases = [Case(k, case_hash(self._builder.config(row)), row) for k, row in enumerate(rows)]
        new = [case for case in cases if case.hash not in self._answers]
        if new and self.client is not None:
            ledger = Ledger(study=self._sweep, builder=self._builder, cases=new, folder=self.folder, retry=False,
                            runner=self.runner, threads=max(1, cores() // self.slots))
            ended = count(1)
            ledger.run_on(self.client, lambda event: None, lambda outcome: self._say(
                f"case      {self.cases + next(ended)} {outcome.status.value}; {len(new)} run in this round"),
                self.performer)
            for case in new:
                self._answers[case.hash] = self._answer(ledger.outcome(case), ledger.store / case.hash)
        answers = [self._answers[case.hash] for case in cases]
        if new:
            self._say(self._described(points[0], answers[0]))
        return answers

    def _say(self, line: str) -> None:
        if self.tell is not None:
            self.tell(line)

    def _described(self, u: Array, answer: Answer) -> str:
        """One line on the point that was evaluated: parameters, and how far it is from the measurements."""
        values = ", ".join(f"{p.path.removeprefix('overrides.')} = {p.number(float(share)):.4g}"
                           + (f" {p.range.unit}" if p.range.unit else "")
                           for p, share in zip(self.task.parameters, u, strict=True))
        chi2 = float(np.sum(((answer.model - self.measured) / self.error) ** 2))
        apart = f"sum of squares {chi2:.4g}" if answer.known else "the case failed"
        return f"evaluated {values}: {apart}; {self.cases} cases so far"

    def _answer(self, outcome: Outcome, folder: Path) -> Answer:
        """Model values at the measured times, and the summary's figures."""
        nothing = Answer(np.full_like(self.measured, np.nan), False)
        if outcome.status not in FINISHED:
            self.last_message = f"{outcome.status.value}: {outcome.message}"
            return nothing
        parts = [] if self.task.curve is None else [_followed(self.task.curve, folder)]
        summary = read_summary(folder)
        for key in self.task.targets:
            if not isinstance(summary.get(key), int | float):
                raise ConfigError(f"found no number '{key}' in the summary of a run", where=f"targets.{key}",
                                  allowed=", ".join(k for k, v in summary.items() if isinstance(v, float)))
            parts.append(np.array([float(summary[key])]))
        return Answer(np.concatenate(parts), True)

    def residuals(self, u: Array) -> Array:
        """(model - measured)/error, shape (values,)."""
        answer = self.run([u])[0]
        return (answer.model - self.measured) / self.error if answer.known else np.full_like(self.measured, FAILED)

    def jacobian(self, u: Array) -> Array:
        """Derivatives of the residuals with respect to u, shape (values, parameters)."""
        pairs = [(_moved(u, k, -STEP), _moved(u, k, STEP)) for k in range(len(u))]
        answers = self.run([u, *(point for pair in pairs for point in pair)])
        here, columns = answers[0], []
        for k, (low, high) in enumerate(pairs):
            ends = [(point[k], answer) for point, answer in
                    ((low, answers[1 + 2 * k]), (u, here), (high, answers[2 + 2 * k])) if answer.known]
            if len(ends) < 2 or ends[-1][0] == ends[0][0]:
                raise FitFailed(f"cases beside {self.task.parameters[k].value(float(u[k]))} of "
                                f"{self.task.parameters[k].path} failed: {self.last_message}")
            (a, first), (b, last) = ends[0], ends[-1]
            columns.append((last.model - first.model) / (b - a) / self.error)
        return np.column_stack(columns)


def _moved(u: Array, k: int, step: float) -> Array:
    """`u` with its k-th share moved, within the bounds."""
    moved = u.copy()
    moved[k] = min(max(u[k] + step, 0.0), 1.0)
    return moved


def _deepest(shapes: Sequence[Geometry]) -> float:
    """Largest depth (nm) that a front can have in any of these shapes; infinite where a mesh file has the size."""
    outer = [shape.diameter for shape in shapes if shape.diameter is not None]
    inner = [shape.inner_diameter or 0.0 for shape in shapes]
    return (max(outer) - min(inner)) / 2 if len(outer) == len(shapes) else np.inf


def _diameters(config: Config) -> tuple[float, float]:
    """Diameters (nm) that a round wire cannot leave: half of its own, and a tenth above all swelling along one."""
    shape = config.geometry
    if shape.shape not in ("circle", "annulus") or shape.diameter is None:
        return 0.0, np.inf
    coated = 2.0 * shape.coating.thickness if shape.coating is not None else 0.0
    return 0.5 * shape.diameter, 1.1 * (1.0 + config.material.swelling.full) * shape.diameter + coated


def _followed(curve: Curve, folder: Path) -> Array:
    """The run's value at the measured times; a run that stopped earlier keeps its last."""
    history = read_table(folder / "history.csv")
    return np.interp(curve.time, history["time_s"].to_numpy(dtype=float), history[curve.key].to_numpy(dtype=float))
