"""The group of all commands: what it is asked wrongly is a document, too, where JSON is wanted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from prometheus_persist.cli.ending import end_document, new_output
from prometheus_persist.errors import EXIT_USAGE


class Commands(TyperGroup):
    """Typer's group; errors of the command line end as all others do."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Parse, run, and leave with a code."""
        argv = sys.argv[1:] if args is None else list(args)
        new_output()
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.Abort:
            typer.echo("Aborted!", err=True)
            code = EXIT_USAGE
        except Exception as problem:
            # Every version of typer has a base class of its own for what was asked wrongly.
            if not (hasattr(problem, "show") and hasattr(problem, "format_message")):
                raise
            problem.show()
            code = int(getattr(problem, "exit_code", EXIT_USAGE))
            end_document(code, "Usage", str(problem.format_message()), argv)
        if standalone_mode:
            sys.exit(code or 0)
        return code
