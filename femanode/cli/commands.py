"""The command line: parse, call, print. Everything it does is within reach of Python.

Exit codes: 0 done, 2 the input is wrong or nothing can be written, 3 the solver or the disk could not go on, 130
interrupted.
"""

from __future__ import annotations

import enum
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from femanode.cli import report as cli_report
from femanode.cli import study as cli_study
from femanode.cli import systems as cli_systems
from femanode.cli import verify as cli_verify
from femanode.cli.otherwords import what_to_type
from femanode.cli.streams import OneLine, lost, make_lasting
from femanode.errors import ConfigError, FemanodeError
from femanode.numerics.caches import settle_matplotlib
from femanode.simulation.interruption import answer

if TYPE_CHECKING:
    from femanode.config.loading import Config

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="Stress-diffusion simulator for cross-sections of alloying battery anodes.")
cli_report.register(app)
cli_study.register(app)
cli_systems.register(app)
cli_verify.register(app)

ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="configuration (YAML)")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="KEY.PATH=VALUE", help="override one key")]

Untrusted = Annotated[bool, typer.Option("--untrusted", help=cli_study.FOREIGN)]


class _File(enum.Enum):
    """Kinds of files that a user writes."""

    CONFIG = "config"
    MATERIAL = "material"
    SWEEP = "sweep"
    FIT = "fit"


class _Interrupted(FemanodeError):
    """Carries the text of an interruption past the parser, which would drop it."""

    exit_code = 130


def _tell_version(wanted: bool) -> None:
    if wanted:
        from femanode import __version__

        typer.echo(f"femanode {__version__}")
        raise typer.Exit


@app.callback()
def _common(version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True,
                                                  help="show the version and exit")] = False) -> None:
    """What may stand before a command."""


@app.command()
def run(config: ConfigPath,
        out: Annotated[Path | None, typer.Option("-o", "--out", metavar="DIR", help="folder to make")] = None,
        settings: Settings = None,
        frames: Annotated[int | None, typer.Option(metavar="N", help="number of frames")] = None,
        overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an earlier run")] = False,
        resume: Annotated[bool, typer.Option("--resume", help="go on from the folder's checkpoint")] = False,
        extrapolated: Annotated[bool, typer.Option(
            "--extrapolate", help="run at three half-thicknesses; figures for a front without one")] = False,
        untrusted: Untrusted = False,
        quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False) -> None:
    """Run one case; of a run's folder with --resume, what it was begun with."""
    config, out = _own_config(config, out, resume)
    loaded = _loaded(config, [*(settings or []), *_frames(frames)], untrusted)
    # Bad input is answered before the solver's libraries load.
    from femanode.simulation.progress import live
    from femanode.simulation.run import run as run_case
    from femanode.solver.problem import build_problem

    if not quiet:
        for note in build_problem(loaded).notes:
            typer.echo(f"note: {note}")
    try:
        if extrapolated:
            from femanode.study.extrapolate import describe, extrapolate

            with live(quiet) as report:
                found = extrapolate(loaded, out, overwrite=overwrite, resume=resume, report=report)
            typer.echo(describe(found))
            return
        with live(quiet) as report:
            result = run_case(loaded, out, overwrite=overwrite, resume=resume, report=report)
    except KeyboardInterrupt as stop:
        raise _Interrupted(f"interrupted; {stop}" if str(stop) else "interrupted") from None
    if not quiet:
        from femanode.cli.brief import describe_result

        if result.was_finished:
            typer.echo("finished before: nothing was left to do")
        typer.echo(describe_result(result))


@app.command()
def check(config: ConfigPath, settings: Settings = None, untrusted: Untrusted = False) -> None:
    """Validate, and say what would run."""
    loaded = _loaded(config, settings or [], untrusted)
    from femanode.cli.brief import describe_plan
    from femanode.solver.problem import build_problem

    typer.echo(describe_plan(build_problem(loaded)))


@app.command()
def mesh(config: ConfigPath,
         out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".msh or .vtu")] = None,
         settings: Settings = None, untrusted: Untrusted = False) -> None:
    """Make the mesh only."""
    loaded = _loaded(config, settings or [], untrusted)
    from femanode.mesh.files import write_section
    from femanode.solver.problem import mesh_section

    section = mesh_section(loaded)
    path = out if out is not None else Path(f"{loaded.name}.msh")
    write_section(section, path)
    for note in section.notes:
        typer.echo(f"note: {note}")
    quality = ", ".join(f"{k} {v:.3g}" for k, v in section.quality().items())
    typer.echo(f"{path}: {section.sector} section, {section.mesh.t.shape[1]} quadratic triangles, {quality}")


@app.command()
def materials(name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="material")] = None,
              cite: Annotated[bool, typer.Option("--cite", help="print BibTeX of what the numbers were read in, of one "
                                                                "material or of all and the observations")] = False,
              ) -> None:
    """List the bundled materials, or one with the source of every number."""
    from femanode.config.library import describe, list_inert, list_materials

    if cite:
        from femanode.config.citations import bibliography, cited_by_material

        typer.echo("\n\n".join(bibliography().values()) if name is None else
                   cited_by_material(name).rstrip() or f"% {name}: none of its numbers was read in a paper")
        return
    if name is None:
        typer.echo("\n".join([*list_materials(), *(f"{inert}  (inert)" for inert in list_inert())]))
        return
    rows = describe(name)
    wide, value = max(len(r.path) for r in rows), max(len(r.value) for r in rows)
    for row in rows:
        mark = f"[{row.confidence}] " if row.confidence else ""
        known = f" (range {row.range})" if row.range else ""
        typer.echo(f"{row.path:<{wide}}  {row.value:<{value}}  {mark}{row.source or ''}{known}".rstrip())


@app.command()
def schema(file: Annotated[_File, typer.Argument(metavar="[FILE]", help="config, material, sweep or fit")]
           = _File.CONFIG) -> None:
    """Print the JSON Schema of the configuration, or of another kind of file, for editors."""
    import json

    if file in (_File.CONFIG, _File.MATERIAL):
        from femanode.config.loading import json_schema

        made = json_schema("material" if file is _File.MATERIAL else "config")
    else:
        from femanode.study.schema import json_schema as study_schema

        made = study_schema("sweep" if file is _File.SWEEP else "fit")
    typer.echo(json.dumps(made, indent=2, ensure_ascii=False))


def _own_config(config: Path, out: Path | None, resume: bool) -> tuple[Path, Path | None]:
    """The configuration and the folder of a run; a folder stands for the run in it, where that is to go on."""
    if not config.is_dir():
        return config, out
    own = config / "config.yaml"
    if not own.is_file():
        raise ConfigError("is a folder, and no run's: found no config.yaml in it", where=str(config),
                          allowed="a configuration (YAML), or a run's folder with --resume")
    if not resume:
        raise ConfigError("is a run's folder", where=str(config), allowed="a configuration (YAML)",
                          hint=f"--resume goes on with the run; its configuration is {own}")
    return own, out if out is not None else config


def _loaded(path: Path, settings: list[str], untrusted: bool) -> Config:
    """The configuration; of one from elsewhere, with the files of its own folder only."""
    from femanode.config.loading import load_config
    from femanode.config.trust import confined_to

    with confined_to(path.parent if untrusted else None):
        return load_config(path, settings)


def _frames(frames: int | None) -> list[str]:
    return [] if frames is None else ["output.every=null", f"output.frames={frames}"]


def main() -> None:
    """Entry point: errors become one line and an exit code; SIGTERM and its like are answered as Ctrl-C is."""
    make_lasting()
    answer(signal.default_int_handler)
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("femanode: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    settle_matplotlib()
    code = _outcome()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if 1 in lost:
        typer.echo(f"femanode: standard output could not be written ({lost[1]})", err=True)
        # What a run or a sweep prints stands in its folder as well.
        code = code if code or sys.argv[1:2] in (["run"], ["sweep"]) else 2
    sys.exit(code)


def _outcome() -> int:
    """The exit code of the command; errors are printed."""
    try:
        # The parser catches KeyboardInterrupt and returns an exit code, without the text.
        code = app(standalone_mode=False)
    except FemanodeError as error:
        typer.echo(f"femanode: {error.for_command}", err=True)
        return error.exit_code
    except OSError as error:
        from femanode.output.disk import disk_error

        typer.echo(f"femanode: {disk_error(error).for_command}", err=True)
        return 2
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("femanode: interrupted", err=True)
        return 130
    except Exception as error:
        # Wrong options come from the parser's own exceptions, which carry their text and exit code.
        if not hasattr(error, "format_message"):
            raise
        said = what_to_type(error.format_message().replace("Value error, ", ""))
        typer.echo(f"femanode: {said}", err=True)
        return 2
    if code == 130:
        typer.echo("femanode: interrupted", err=True)
    return code if isinstance(code, int) else 0
