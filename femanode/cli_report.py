"""Commands that show what a run left: pictures and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folders = Annotated[list[Path], typer.Argument(metavar="DIR [DIR ...]", help="runs' folders")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(plot)
    app.command()(report)


def plot(folder: Annotated[Path, typer.Argument(metavar="DIR", help="a run's folder")],
         field: Annotated[str, typer.Option(metavar="NAME", help="field or 'curves'")] = "hoop_stress_GPa",
         frame: Annotated[int, typer.Option(metavar="K", help="frame, -1 the last")] = -1,
         out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".png, .gif or .mp4")] = None,
         ) -> None:
    """Draw a field in the true deformed shape."""
    from femanode.figures import plot_curves, plot_field

    typer.echo(plot_curves(folder, out) if field == "curves" else plot_field(folder, field, frame, out))


def report(folders: Folders,
           out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".html to write")] = None,
           ) -> None:
    """Write the page of a run, or one page that compares several."""
    from femanode.report import write_report

    typer.echo(write_report(folders, out))
