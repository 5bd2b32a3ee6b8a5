"""A script that opens a run in ParaView: true shape of the whole section, hoop stress, front line, initial outline,
crystal directions, crack site, scale bar and time.

ParaView brings its own Python, so the script is a template here and imports nothing of femanode.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from femanode.errors import ConfigError, DiskError
from femanode.output.disk import write_text
from femanode.output.runfolder import RunFolder
from femanode.pictures.crackmark import marks_on
from femanode.pictures.directions import directions_of, plain
from femanode.pictures.fieldchoice import choose_field, colour_limits
from femanode.pictures.sectionart import extent_of, round_length
from femanode.pictures.sectionview import build_view
from femanode.postprocess.framegeometry import MIRRORS

NAME = "open_in_paraview.py"

logger = logging.getLogger(__name__)


def write_script(run: RunFolder | str | Path, field: str = "hoop_stress_GPa") -> Path:
    """Write ``open_in_paraview.py`` into a run's folder.

    It finds the frames beside itself, so that the folder may be moved.

    Parameters
    ----------
    run : RunFolder, str or Path
        The run.
    field : str
        Scalar point array, or an alias of one, to colour by.

    Returns
    -------
    Path
        The script.

    Raises
    ------
    ConfigError
        Unknown field, missing or broken frames.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    frames = run.frames
    choice = choose_field(field, frames[-1].mesh)
    if choice.part or choice.array == "displacement":
        raise ConfigError(f"found {field}", where="--field", allowed="a scalar field, such as hoop or content")
    low, high, _ = colour_limits(choice, [choice.values(frame.mesh.fields) for frame in frames])
    views = [build_view(frame, choice, run.sector) for frame in (frames[0], frames[-1])]
    lower, upper = extent_of(views)
    half = [float(max(-a, b)) for a, b in zip(lower, upper, strict=True)]
    outline = [np.round(line, 6).tolist() for line in views[0].initial_outlines]
    directions = directions_of(run.manifest)
    marks = [(float(frame.time), marks_on(run, frame, choice)) for frame in frames]
    sites = [(time, [] if found is None else np.round(found, 6).tolist()) for time, found in marks]
    text = Path(__file__).with_name("paraview.txt").read_text(encoding="utf-8")
    for word, value in (("@FOLDER@", repr(str(run.path.resolve()))), ("@FIELD@", repr(choice.array)),
                        ("@LABEL@", repr(choice.label)), ("@RANGE@", repr((low, high))),
                        ("@DIRECTIONS@", repr(None if directions is None else tuple(map(plain, directions)))),
                        ("@OUTLINE@", repr(outline)), ("@BAR@", repr(round_length(0.5 * half[0]))),
                        ("@SIZE@", repr(tuple(half))), ("@SITES@", repr(sites)),
                        ("@MIRRORS@", repr(MIRRORS[run.sector]))):
        text = text.replace(word, value)
    path = run.path / NAME
    return write_text(path, text)


def try_script(run: RunFolder | str | Path) -> Path | None:
    """Write the script of a finished run; where that fails, the reason is logged and the run is none the worse.

    Raises
    ------
    DiskError
        The disk does not take it.
    """
    try:
        return write_script(run)
    except DiskError:
        raise
    except Exception as error:  # a finished run must not fail for want of a script
        logger.warning("no ParaView script: %s", error)
        return None
