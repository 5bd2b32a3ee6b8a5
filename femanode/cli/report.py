"""Commands that show what a run left: pictures, the page, and files for ParaView."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from femanode.errors import ConfigError

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="a run's folder")]
Folders = Annotated[list[Path], typer.Argument(metavar="DIR [DIR ...]", help="runs' folders")]
Field = Annotated[str, typer.Option(metavar="NAME", help="field, such as hoop, content; or 'curves', 'potential'")]

#: What is drawn against capacity, by either name.
POTENTIAL = ("potential", "cycles")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (plot, report, watch, paraview, export):
        app.command()(command)


def plot(folders: Folders, field: Field = "hoop_stress_GPa",
         frame: Annotated[int | None, typer.Option(metavar="K", help="frame, -1 the last (default)")] = None,
         time: Annotated[str | None, typer.Option(metavar="T",
                                                  help="the frame nearest to a time, such as '5 min'")] = None,
         out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE",
                                                  help=".png, .pdf, .svg; of one run also .gif or .mp4")] = None,
         shared: Annotated[bool, typer.Option("--shared", help="colour range and scale of all frames, for a series of "
                                                                "stills")] = False,
         limits: Annotated[tuple[str, str] | None, typer.Option(
             "--range", metavar="LOW HIGH", help="colour range, such as '-1 GPa' '1 GPa'")] = None,
         width: Annotated[str | None, typer.Option(metavar="W", help="width of the figure, such as '85 mm'")] = None,
         dpi: Annotated[int | None, typer.Option(metavar="N", help="dots per inch")] = None,
         frames: Annotated[bool, typer.Option("--frames", help="draw nothing; list frames with time and conversion")] =
         False,
         data: Annotated[Path | None, typer.Option("--with", metavar="FILE", help="table of a measured curve, time and "
                                                   "value, drawn with the computed one")] = None,
         key: Annotated[str, typer.Option(metavar="KEY", help="column of history.csv that was measured, for --with")]
         = "front_depth_nm") -> None:
    """Draw a field in the true deformed shape, the curves, or potential over capacity; several runs in one panel."""
    if data is not None:
        typer.echo(_beside(folders, data, key, out))
        return
    from femanode.output.runfolder import RunFolder
    from femanode.pictures.fieldchoice import choose_field
    from femanode.pictures.figures import plot_curves, plot_cycles, plot_field
    from femanode.pictures.options import frame_at, list_frames, read_range, read_size

    runs = [RunFolder(folder) for folder in folders]
    if frames:
        typer.echo("\n".join([f"{run.path}\n{list_frames(run)}" for run in runs] if len(runs) > 1
                             else [list_frames(runs[0])]))
        return
    size = read_size(width, dpi)
    _refuse(field, frame=frame, time=time, limits=limits)
    numbers = [-1 if frame is None else frame] * len(runs) if time is None else [frame_at(run, time) for run in runs]
    ends = None if limits is None else read_range(limits, choose_field(field, runs[0].frames[-1].mesh))
    if len(runs) > 1:
        from femanode.pictures.panels import plot_panel

        path = plot_panel(runs, field, numbers, out, size=size, limits=ends)
    elif field == "curves":
        path = plot_curves(runs[0], out, size=size)
    elif field in POTENTIAL:
        path = plot_cycles(runs[0], out, size=size)
    else:
        path = plot_field(runs[0], field, numbers[0], out, shared=shared, size=size, limits=ends)
    typer.echo(path)


def _beside(folders: list[Path], data: Path, key: str, out: Path | None) -> Path:
    """The curve of one run, with a measured one."""
    from femanode.study.beside import plot_beside

    if len(folders) > 1:
        raise ConfigError(f"found {len(folders)} folders with --with", where="command line",
                          allowed="the folder of one run")
    return plot_beside(folders[0], data, key, out)


def _refuse(field: str, **given: object) -> None:
    """Options that contradict each other, or that curves do not have."""
    if given["frame"] is not None and given["time"] is not None:
        raise ConfigError("found both --frame and --time", allowed="one of them")
    for name, option in (("time", "--time"), ("limits", "--range")):
        if field in ("curves", *POTENTIAL) and given[name] is not None:
            raise ConfigError(f"found {option}", where=f"--field {field}", allowed=f"{option} with a field of a frame",
                              hint="leave it out")


def report(folders: Folders,
           out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".html to write")] = None,
           interactive: Annotated[bool, typer.Option(
               "--interactive", help="every field at every time of one run, with the value under the cursor")] = False,
           data: Annotated[Path | None, typer.Option(
               "--with", metavar="FILE", help="table of measured depths or potentials, drawn in the charts of the "
                                              "computed ones")] = None) -> None:
    """Write the page of a run, or one page that compares several."""
    if interactive:
        if data is not None:
            raise ConfigError("found both --interactive and --with", where="command line", allowed="one of them",
                              hint="the page without --interactive has the charts")
        from femanode.pictures.interactive import write_interactive

        if len(folders) > 1:
            raise ConfigError(f"found {len(folders)} folders with --interactive", where="command line",
                              allowed="the folder of one run")
        typer.echo(write_interactive(folders[0], out))
        return
    from femanode.pictures.page.report import write_report

    if data is None:
        typer.echo(write_report(folders, out))
        return
    from femanode.output.runfolder import RunFolder
    from femanode.study.beside import curves_for_page

    runs = [RunFolder(folder) for folder in folders]
    typer.echo(write_report(runs, out, beside=[curves_for_page(run, data) for run in runs]))


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
