"""The group of all commands: what it is asked wrongly is a document, too, where JSON is wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from prometheus_persist.cli.ending import end_document, new_output
from prometheus_persist.cli.helping import language_last, speaking, usage_error
from prometheus_persist.cli.stepping import LazyGroup
from prometheus_persist.errors import EXIT_USAGE
from prometheus_persist.language import asked_language


class Commands(LazyGroup):
    """Errors of the command line end as all others do."""

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
        lang = asked_language(argv, os.environ)
        new_output()
        with speaking(lang):
            try:
                code = super().main(
                    language_last(argv),
                    prog_name,
                    complete_var,
                    False,
                    windows_expand_args,
                    **extra,
                )
            except typer.Abort:
                typer.echo("已中止" if lang == "zh" else "Aborted!", err=True)
                code = EXIT_USAGE
            except Exception as problem:
                # Every version of typer has a base class of its own for what was asked wrongly.
                if not (hasattr(problem, "show") and hasattr(problem, "format_message")):
                    raise
                if lang == "zh":
                    typer.echo(usage_error(problem), err=True, nl=False)
                else:
                    problem.show()
                code = int(getattr(problem, "exit_code", EXIT_USAGE))
                end_document(code, "Usage", str(problem.format_message()), argv)
        if standalone_mode:
            sys.exit(code or 0)
        return code
