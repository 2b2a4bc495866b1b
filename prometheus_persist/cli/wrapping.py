"""``wrap``: run a script that is not edited, with its places wrapped (``wrapping``).

The command makes way for a process that is the script's own: signals, arguments and exit code are
those that it would have by itself. What goes wrong of ours ends it in two lines with our code; what
the script raises itself is shown as Python shows it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from prometheus_persist.cli.options import EPILOG, guard, output_of
from prometheus_persist.errors import BadConfig, PersistError

HERE = "prometheus_persist.cli.wrapping"
Said = Annotated[
    Path, typer.Argument(metavar="PERSIST_HOST.PY", help="What to wrap; init writes one.")
]
Script = Annotated[
    list[str], typer.Argument(metavar="SCRIPT [ARGS]…", help="What to run, behind a --.")
]


wrap = typer.Typer(add_completion=False, rich_markup_mode=None)


@wrap.command(name="wrap", epilog=EPILOG, context_settings={"ignore_unknown_options": True})
def wrap_command(said: Said, script: Script) -> None:
    """Run a bot crash-safe, without an edit of it.

    The file says which places of its code to wrap: where its root is made, where orders are sent
    and whose they are, where to save. As it starts, everything is restored into it and reconciled;
    until that is well, its orders are refused. A place that is not there is an error before
    anything runs. Exit codes are the script's own, but for errors of ours.
    """
    output = output_of(False, "")
    with guard(output):
        for path in (said, Path(script[0])):
            if not path.is_file():
                raise BadConfig(f"there is no file {path}")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", HERE, str(said), *script])  # noqa: S606


def _main(said: Path, script: Path, argv: list[str]) -> None:
    from prometheus_persist.session import AttachedHost
    from prometheus_persist.wrapping.declared import said_by
    from prometheus_persist.wrapping.host import WrappedHost
    from prometheus_persist.wrapping.script import run

    output = output_of(False, "")

    def tell(p: AttachedHost) -> None:
        word = "cli.wrap_restored" if p.restored else "cli.wrap_new"
        output.aside(output.say(word, cycle=p.cycle, directory=p.session.directory))
        if p.cut is not None:
            acted, undecided = ", ".join(p.cut.acted), ", ".join(p.cut.undecided) or "-"
            output.aside(output.say("cli.wrap_cut", acted=acted, undecided=undecided))
        if p.report is not None and not p.session.may_trade:
            output.talk.print(p.report.text(output.lang))

    try:
        run(WrappedHost(said_by(said), tell), script, argv)
    except PersistError as problem:
        if os.environ.get("PERSIST_DEBUG"):
            raise
        try:
            with guard(output):
                raise problem
        except typer.Exit as ended:
            sys.exit(ended.exit_code)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
