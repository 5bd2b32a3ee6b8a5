"""The command that computes all systems of the review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from femanode.cli.study import Stopped
from femanode.errors import ConfigError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(systems)


def systems(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="systems; all by default")]
            = None,
            as_json: Annotated[bool, typer.Option("--json", help="print JSON in place of text")] = False,
            save: Annotated[Path | None, typer.Option(metavar="DIR", help="write page, JSON, CSV, figures")] = None,
            quick: Annotated[bool, typer.Option(
                "--quick", help="a thick front on coarse elements, and no ranges of the inputs: some minutes")] = False,
            out: Annotated[Path | None, typer.Option(
                "-o", "--out", metavar="DIR", help="folder in which the runs are kept")] = None,
            workers: Annotated[int | None, typer.Option(metavar="N", help="runs at a time; default: cores")] = None,
            source: Annotated[Path | None, typer.Option(
                "--from", metavar="DIR", help="folder of the configurations; default: configs/systems")] = None,
            listed: Annotated[bool, typer.Option("--list", help="list the systems and run none")] = False) -> None:
    """Run every system of the review: predictions, what the inputs allow, and the verdict beside what was observed."""
    import json

    from femanode.study.systems.files import find_systems
    from femanode.study.systems.page import save as save_page
    from femanode.study.systems.table import as_text
    from femanode.study.systems.table import systems as run_all

    if workers is not None and workers < 1:
        raise ConfigError(f"found {workers}", where="--workers", allowed="at least 1")
    if listed:
        typer.echo("\n".join(f"{one.name:<16}{one.told}" for one in find_systems(names or (), source)))
        return
    try:
        table = run_all(names or (), out, quick=quick, workers=workers, folder=source,
                        tell=None if as_json else lambda line: typer.echo(line, err=True))
    except KeyboardInterrupt:
        raise Stopped("interrupted; runs that have ended are kept, the same command does the rest") from None
    typer.echo(json.dumps(table, indent=1, ensure_ascii=False) if as_json else as_text(table))
    if save is not None:
        path = save_page(table, save)
        if not as_json:
            typer.echo(f"page  {path}")
