"""The command that runs the verification cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(verify)


def verify(name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="case or group; all by default")] = None,
           as_json: Annotated[bool, typer.Option("--json", help="print JSON in place of text")] = False,
           save: Annotated[Path | None, typer.Option(metavar="DIR", help="write page, JSON, tables, figures")] = None,
           quick: Annotated[bool, typer.Option("--quick", help="at the reduced size of the tests")] = False,
           names: Annotated[bool, typer.Option("--list", help="list the cases and run none")] = False) -> None:
    """Run the verification cases: claim, source, expected, got, error, observed order.

    Exit code 1 if a case fails. A number that is known to miss its tolerance is marked SHORT, told why and counted; it
    fails only when it misses by more than known.
    """
    import json

    from femanode.verify.case import Case
    from femanode.verify.catalogue import Result, environment, run_cases, select, short
    from femanode.verify.page import as_text
    from femanode.verify.page import save as save_all

    cases = select(name)
    if names:
        typer.echo("\n".join(f"{case.name:<24}{case.claim}" for case in cases))
        return

    def show(case: Case, result: Result) -> None:
        if not as_json:
            typer.echo(as_text(result, case.claim, case.source))

    results, tables = run_cases(cases, not quick, show)
    failed = [result["name"] for result in results if not result["passed"]]
    if as_json:
        typer.echo(json.dumps({"environment": environment(), "cases": results}, indent=1))
    else:
        seconds = sum(result["seconds"] for result in results)
        typer.echo(f"{len(results) - len(failed)} of {len(results)} cases passed in {seconds:.0f} s"
                   + (f"; failed: {', '.join(failed)}" if failed else ""))
        known = {result["name"]: len(short(result)) for result in results if short(result)}
        if known:
            typer.echo(f"known to fall short of their tolerance: "
                       f"{', '.join(f'{n} of {name}' for name, n in known.items())}")
    if save is not None:
        path = save_all(save, results, tables)
        if not as_json:
            typer.echo(f"page  {path}")
    if failed:
        raise typer.Exit(1)
