"""Commands of studies: sweep, map, fit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from femanode.config.trust import confined_to
from femanode.errors import ConfigError, FemanodeError

if TYPE_CHECKING:
    from femanode.study.ledger import SweepResult

#: What ``--untrusted`` does.
FOREIGN = "the file is from elsewhere: refuse files that it names outside of its folder"
#: Failed cases named one by one at the end.
NAMED = 5


class Stopped(FemanodeError):
    """A sweep that was interrupted."""

    exit_code = 130


def sweep(file: Annotated[Path, typer.Argument(metavar="SWEEP", help="sweep file (YAML)")],
          out: Annotated[Path | None, typer.Option("-o", "--out", metavar="DIR", help="folder to make")] = None,
          workers: Annotated[int | None, typer.Option(metavar="N", help="cases at a time; default: cores")] = None,
          scheduler: Annotated[str | None, typer.Option(
              metavar="ADDRESS", help="a running Dask scheduler, tcp://host:port; default: this machine")] = None,
          settings: Annotated[list[str] | None, typer.Option(
              "--set", metavar="KEY.PATH=VALUE", help="override one key in every case")] = None,
          resume: Annotated[bool, typer.Option("--resume", help="go on with the sweep in the folder")] = False,
          retry: Annotated[bool, typer.Option(
              "--retry", help="redo cases that crashed, timed out or ran out of memory")] = False,
          untrusted: Annotated[bool, typer.Option("--untrusted", help=FOREIGN)] = False,
          quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False) -> None:
    """Run a study: many cases, one table."""
    from femanode.study.sweep import sweep as run_sweep

    try:
        with confined_to(file.parent if untrusted else None):
            result = run_sweep(file, out, workers=workers, scheduler=scheduler, resume=resume or retry, retry=retry,
                               overrides=settings or [], quiet=quiet)
    except KeyboardInterrupt:
        raise Stopped("interrupted; cases that have ended are kept, --resume does the rest") from None
    if not quiet or result.exit_code:
        typer.echo(describe(result), err=bool(result.exit_code))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def draw_map(folder: Annotated[Path, typer.Argument(metavar="DIR", help="a sweep's folder")],
             value: Annotated[str, typer.Option(metavar="KEY", help="key of the summary to draw")],
             x: Annotated[str | None, typer.Option(metavar="PATH", help="parameter along x")] = None,
             y: Annotated[str | None, typer.Option(metavar="PATH", help="parameter along y")] = None,
             at: Annotated[list[str] | None, typer.Option(
                 "--at", metavar="PATH=VALUE", help="value of another parameter")] = None,
             out: Annotated[Path | None, typer.Option("-o", "--out", metavar="FILE", help=".png, .svg or .pdf")] = None,
             ) -> None:
    """Draw a figure of merit over two parameters of a sweep; without --x and --y, over all."""
    from femanode.study.manyaxes import plot_all
    from femanode.study.maps import mapped_note, plot_map

    if (x is None) != (y is None):
        raise ConfigError("found one of --x and --y", where="command line", allowed="both, or neither for all axes")
    note = mapped_note(folder, x, y, at or [])
    if note:
        typer.echo(f"note: {note}", err=True)
    typer.echo(plot_all(folder, value, out, at or []) if x is None or y is None
               else plot_map(folder, x, y, value, out, at or []))


def fit(file: Annotated[Path, typer.Argument(metavar="FILE", help="fit file (YAML)")],
        out: Annotated[Path | None, typer.Option("-o", "--out", metavar="DIR", help="folder to make or to go on in")
                       ] = None,
        workers: Annotated[int | None, typer.Option(metavar="N", help="cases at a time; default: cores")] = None,
        scheduler: Annotated[str | None, typer.Option(
            metavar="ADDRESS", help="a running Dask scheduler, tcp://host:port; default: this machine")] = None,
        untrusted: Annotated[bool, typer.Option("--untrusted", help=FOREIGN)] = False,
        ) -> None:
    """Adjust parameters to a measured curve or figure of merit."""
    from femanode.study.fit import describe_fit
    from femanode.study.fit import fit as run_fit

    try:
        with confined_to(file.parent if untrusted else None):
            typer.echo(describe_fit(run_fit(file, out, workers=workers, scheduler=scheduler, tell=_tell)))
    except KeyboardInterrupt:
        raise Stopped("interrupted; cases that have ended are kept, the same command goes on") from None


def _tell(line: str) -> None:
    """Print at once, also into a pipe or a file: a fit takes long."""
    typer.echo(line)
    sys.stdout.flush()


def register(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    app.command()(sweep)
    app.command(name="map")(draw_map)
    app.command(name="fit")(fit)


def describe(result: SweepResult) -> str:
    """What ``femanode sweep`` prints at the end."""
    counts = ", ".join(f"{n} {status.value}" for status, n in sorted(result.counts.items()))
    lines = [f"{result.counts.total()} cases: {counts} ({result.ran} run now, {result.reused} known already)"]
    failed = list(result.messages.items())
    lines += [f"  {name}: {message}" for name, message in failed[:NAMED]]
    if len(failed) > NAMED:
        lines.append(f"  and {len(failed) - NAMED} more; see the columns 'status' and 'message'")
    if result.exit_code == 1:
        lines.append(f"crashed: {result.counts['crashed']} of {result.counts.total()} cases; this is a fault of the "  # type: ignore[index]
                     "program or of the machine, see log.txt in their folders; --retry runs them again")
    elif result.exit_code == 3:
        lines.append("no case came to its end")
    lines.append(f"table     {result.path / 'results.csv'}, {result.path / 'results.parquet'}")
    return "\n".join(lines)
