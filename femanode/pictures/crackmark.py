"""Where a crack would start, as a mark on pictures of the hoop stress.

The site is read from ``summary.json``. It is a place of the undeformed surface, which is followed to where it is in the
frame that is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from femanode.errors import ConfigError
from femanode.numerics.arrays import Array
from femanode.output.runfolder import Frame, FrameMesh, RunFolder
from femanode.pictures.fieldchoice import FieldChoice
from femanode.pictures.sectionview import SectionView, build_view
from femanode.postprocess.framegeometry import MIRRORS
from femanode.postprocess.profiles import surface_nodes

#: Field whose pictures carry the mark.
MARKED = "hoop_stress_GPa"
#: Share of the surface that is as likely to crack (within 5 %) above which no site stands out: a round wire.
ALIKE = 0.5


@dataclass(frozen=True)
class CrackMark:
    """The likeliest site: ``angle`` in the reference section, rad; ``time`` of the largest ``risk``, s."""

    angle: float
    time: float
    risk: float


def read_mark(run: RunFolder) -> CrackMark | None:
    """The site of a run; None where its summary is missing or older, or where no site stands out."""
    try:
        summary = run.summary
    except ConfigError:
        return None
    site, risk = summary.get("crack_site"), summary.get("crack_risk")
    if not isinstance(site, dict) or risk is None or site.get("surface_share", 1.0) > ALIKE:
        return None
    return CrackMark(float(np.radians(site["reference_angle_deg"])), float(site["time_s"]), float(risk))


def marked_view(run: RunFolder, frame: Frame, choice: FieldChoice) -> SectionView:
    """The section of :func:`femanode.pictures.sectionview.build_view`, on hoop stress with the site of a crack.

    The site and its mirror images move along with the surface; frames before the time of the largest risk have none.
    """
    view, marks = build_view(frame, choice, run.sector), marks_on(run, frame, choice)
    return view if marks is None else replace(view, marks=marks)


def marks_on(run: RunFolder, frame: Frame, choice: FieldChoice) -> Array | None:
    """Points and normals (k, 2, 2) of the site in a frame, as :func:`places` gives; None where there is none."""
    mark = read_mark(run) if choice.name == MARKED else None
    if mark is None or frame.time < mark.time * (1.0 - 1e-9):
        return None
    return places(frame.mesh, run.sector, mark.angle)


def places(mesh: FrameMesh, sector: str, angle: float) -> Array:
    """Deformed surface points, and unit normals outwards, at a reference angle (rad) and its mirror images.

    Returns
    -------
    ndarray, shape (k, 2, 2)
        Point (nm) and normal.
    """
    rim = np.unique(surface_nodes(mesh, sector))
    signs = np.array(MIRRORS[sector], dtype=float)
    reference = (signs[:, None] * mesh.points[rim]).reshape(-1, 2)
    deformed = (signs[:, None] * (mesh.points + mesh.fields["displacement"][:, :2])[rim]).reshape(-1, 2)
    theta, first = np.unique(np.round(np.arctan2(reference[:, 1], reference[:, 0]), 9), return_index=True)

    def at(where: Array) -> Array:
        return np.stack([np.interp(where, theta, part, period=2.0 * np.pi) for part in deformed[first].T], axis=-1)

    images = np.unique(np.round(np.arctan2(signs[:, 1] * np.sin(angle), signs[:, 0] * np.cos(angle)), 6))
    # The tangent is taken over two neighbours to either side: at the tip of a notch itself there is none.
    reach = 2.0 * float(np.median(np.diff(theta)))
    along = at(images + reach) - at(images - reach)
    normal = np.stack([along[:, 1], -along[:, 0]], axis=-1) / np.hypot(*along.T)[:, None]  # size of a vector
    return np.stack([at(images), normal], axis=1)
