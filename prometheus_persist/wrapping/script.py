"""Run a script as Python would, with a host's places wrapped as they come to be.

Modules that places name are imported before the script runs, and wrapped at once. What the script
itself defines is wrapped as soon as the ``def`` or ``class`` has been carried out, before anything
below it: a call is put behind it in the compiled code, and not in the file. A place of the script
that its text does not define is refused before the first line of it runs.
"""

from __future__ import annotations

import ast
import builtins
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from prometheus_persist.errors import BadConfig
from prometheus_persist.wrapping.host import WrappedHost
from prometheus_persist.wrapping.places import MAIN

HOOK: Final = "__prometheus_persist__"


def run(host: WrappedHost, script: Path, argv: Sequence[str]) -> None:
    """Run it to its end; raises BadConfig, and whatever the script raises."""
    code, wanted = _compiled(host, script)
    sys.argv = [str(script), *argv]
    sys.path[0] = str(script.resolve().parent)
    places = list(dict.fromkeys(host.declared.places()))
    later = {place for place in places if place.module == MAIN}
    for place in places:
        if place not in later:
            host.wrap(place)
    main: Any = types.ModuleType(MAIN)
    main.__file__, main.__builtins__ = str(script), builtins

    def defined(name: str) -> None:
        for place in wanted.get(name, ()):
            host.wrap(place)

    setattr(main, HOOK, defined)
    sys.modules[MAIN] = main
    problem: BaseException | None = None
    try:
        exec(code, main.__dict__)  # noqa: S102 it is what the user asked to be run
    except BaseException as raised:
        problem = raised
        raise
    finally:
        kind = None if problem is None else type(problem)
        host.end(kind, problem, None if problem is None else problem.__traceback__)


def _compiled(host: WrappedHost, script: Path) -> tuple[types.CodeType, dict[str, list[Any]]]:
    try:
        tree = ast.parse(script.read_bytes(), str(script))
    except (OSError, SyntaxError, ValueError) as problem:
        raise BadConfig(f"{script}: {problem}") from None
    wanted: dict[str, list[Any]] = {}
    for place in dict.fromkeys(host.declared.places()):
        if place.module == MAIN:
            wanted.setdefault(place.names[0], []).append(place)
    there: set[str] = set()
    _visit(tree.body, wanted.keys(), there.add)
    for name in wanted.keys() - there:
        raise BadConfig(
            f"{wanted[name][0].text} is not there: {script.name} defines no {name}; where it "
            "imports it, name the module"
        )
    return compile(ast.fix_missing_locations(tree), str(script), "exec", dont_inherit=True), wanted


def _visit(body: list[ast.stmt], wanted: Any, see: Callable[[str], None]) -> None:
    """Put the call behind every wanted definition that is carried out with the module."""
    for number in reversed(range(len(body))):
        each = body[number]
        if isinstance(each, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if each.name in wanted:
                see(each.name)
                call = ast.parse(f"{HOOK}({each.name!r})").body[0]
                for node in ast.walk(call):
                    ast.copy_location(node, each)
                body.insert(number + 1, call)
            continue
        for inner in ("body", "orelse", "finalbody"):
            if isinstance(getattr(each, inner, None), list):
                _visit(getattr(each, inner), wanted, see)
        for handler in getattr(each, "handlers", ()):
            _visit(handler.body, wanted, see)
