"""Commands that show what a run left: pictures, the page, and files for ParaView."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from femanode.errors import ConfigError

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="a run's folder")]
Folders = Annotated[list[Path], typer.Argument(metavar="DIR [DIR ...]", help="runs' folders")]
Field = Annotated[str, typer.Option(metavar="NAME", help="field, such as hoop, content, mises, eqps, or 'curves'")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (plot, report, watch, paraview, export):
        app.command()(command)


def plot(folders: Folders, field: Field = "hoop_stress_GPa",
         frame: Annotated[int, typer.Option(metavar="K", help="frame, -1 the last")] = -1,
         out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE",
                                                  help=".png, .pdf, .svg; of one run also .gif or .mp4")] = None,
         shared: Annotated[bool, typer.Option("--shared", help="colour range and scale of all frames, for a series of "
                                                                "stills")] = False,
         data: Annotated[Path | None, typer.Option("--with", metavar="FILE", help="table of a measured curve, time and "
                                                   "value, drawn with the computed one")] = None,
         key: Annotated[str, typer.Option(metavar="KEY", help="column of history.csv that was measured, for --with")]
         = "front_depth_nm") -> None:
    """Draw a field in the true deformed shape, or the curves; several runs in one panel."""
    if data is not None:
        from femanode.study.beside import plot_beside

        if len(folders) > 1:
            raise ConfigError(f"found {len(folders)} folders with --with", where="command line",
                              allowed="the folder of one run")
        typer.echo(plot_beside(folders[0], data, key, out))
        return
    from femanode.pictures.figures import plot_curves, plot_field

    if len(folders) > 1:
        from femanode.pictures.panels import plot_panel

        path = plot_panel(folders, field, frame, out)
    elif field == "curves":
        path = plot_curves(folders[0], out)
    else:
        path = plot_field(folders[0], field, frame, out, shared=shared)
    typer.echo(path)


def report(folders: Folders,
           out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".html to write")] = None,
           interactive: Annotated[bool, typer.Option(
               "--interactive", help="every field at every time of one run, with the value under the cursor")] = False,
           ) -> None:
    """Write the page of a run, or one page that compares several."""
    if interactive:
        from femanode.pictures.interactive import write_interactive

        if len(folders) > 1:
            raise ConfigError(f"found {len(folders)} folders with --interactive", where="command line",
                              allowed="the folder of one run")
        typer.echo(write_interactive(folders[0], out))
        return
    from femanode.pictures.page.report import write_report

    typer.echo(write_report(folders, out))


def watch(folder: Folder,
          every: Annotated[float, typer.Option(metavar="S", min=0.1, help="seconds between looks")] = 1.0,
          patience: Annotated[float, typer.Option(metavar="S", min=1.0,
                                                  help="seconds without news until it is given up")] = 600.0) -> None:
    """Follow a run in the terminal until it ends, from here or over a mounted disk."""
    from femanode.cli.watch import show_on, watch

    with show_on(sys.stdout) as (show, plain):
        ending = watch(folder, show, every=every, patience=patience, plain=plain)
    raise typer.Exit(ending.value)


def paraview(folder: Folder, field: Field = "hoop_stress_GPa") -> None:
    """Write a script that opens the run in ParaView: true shape, field, front."""
    from femanode.pictures.paraview import write_script

    typer.echo(write_script(folder, field))


def export(folder: Folder,
           out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".vtkhdf to write")] = None,
           ) -> None:
    """Write all frames into one VTKHDF file (for VTK 9.3, ParaView 5.12 and later)."""
    from femanode.output.vtkhdf import write_vtkhdf

    typer.echo(write_vtkhdf(folder, out))
