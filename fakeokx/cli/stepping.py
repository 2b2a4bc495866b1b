"""Commands that are imported when they are called; words that fit are taken as they stand.

``prometheus_persist/cli/stepping.py`` specifies it and has the same of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperCommand, TyperGroup

from fakeokx.cli.helping import exits_said

# -- the same in prometheus_persist/cli/stepping.py and fakeokx/cli/stepping.py from here on

_WHOLE: Final = re.compile("0|[1-9][0-9]{0,17}")


class Steps(TyperGroup):
    """A group whose own words stand before the command: with none there, none is looked at.

    The parser loads a validator, a tenth of a second, to find a word that nobody wrote empty.
    What an environment variable says in place of one, the group's function has to look up itself.
    """

    _none_of_its_own = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Which command, and its words."""
        self._none_of_its_own = bool(args) and not args[0].startswith("-")
        try:
            return super().parse_args(ctx, args)
        finally:
            self._none_of_its_own = False

    def get_params(self, ctx: Any) -> list[Any]:
        """The words that are the group's own."""
        return [] if self._none_of_its_own else [*map(_as_given, super().get_params(ctx))]


class _AsGiven:
    """Of one parameter: a value that fits as it stands is taken as it is; at any other the parser
    looks itself, and loads its validator for that."""

    def __init__(self, look: Any) -> None:
        self._look = look

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value that a command is given; raises a usage error."""
        kind, more = param.type_descriptor.annotation, param.type_descriptor.parameter_info
        is_list = param.multiple or param.nargs == -1
        if value is None:
            return () if is_list else None
        if is_list and more.parser is None and kind == list[str] and {*map(type, value)} == {str}:
            return list(value)
        is_one = not is_list and param.nargs == 1 and more.parser is None
        if is_one and kind is str and type(value) is str:
            return value
        number = int(value) if kind is int and _WHOLE.fullmatch(str(value)) else value
        if is_one and kind in (int, float) and type(number) is kind:
            least, most = (number if each is None else each for each in (more.min, more.max))
            if least <= number <= most:
                return number
        if is_one and kind is Path and isinstance(value, (str, Path)) and _fits(value, more):
            return Path(value)
        return self._look().coerce(value, param=param, ctx=ctx)


def _fits(path: str | Path, more: Any) -> bool:
    """Whether it is a path for an option that takes any, and can be read if it is there."""
    if not (more.file_okay and more.dir_okay and more.path_type is None):
        return False
    if more.exists or more.writable or more.resolve_path:
        return False
    return os.access(path, os.R_OK) or not os.path.lexists(path)


def _as_given(param: Any) -> Any:
    """The parameter; of a version of the parser that has no such validator, as it was."""
    look = getattr(param, "get_runtime_param", None)
    if look is not None and hasattr(param, "type_descriptor") and not isinstance(look, partial):
        vars(param)["get_runtime_param"] = partial(_AsGiven, look)
    return param


def _light(command: Any) -> Any:
    """The command, its parameters ``_AsGiven``, and those of a group."""
    params = command.get_params
    vars(command)["get_params"] = lambda ctx: [*map(_as_given, params(ctx))]
    for each in getattr(command, "commands", {}).values():
        _light(each)
    return command


class LazyGroup(Steps):
    """A group whose commands are imported when they are called, or their own help is asked for.

    ``table``: by name, ``module:name`` of a function or group, and the first sentence of its help;
    the list of commands is made of these alone.
    """

    table: ClassVar[Mapping[str, tuple[str, str]]]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        vars(self)["commands"] = _WhenCalled(self.table)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands."""
        listed: Any = TyperGroup(name=self.name)
        for name, (_, says) in self.table.items():
            listed.add_command(TyperCommand(name, help=says))
        listed.format_commands(ctx, formatter)


class _WhenCalled(Mapping[str, Any]):
    """The commands of a table, each imported and made when it is asked for."""

    def __init__(self, table: Mapping[str, tuple[str, str]]) -> None:
        self._table, self._made = table, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            module, _, attribute = self._table[name][0].partition(":")
            found = getattr(import_module(module), attribute)
            if not isinstance(found, typer.Typer):
                function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
                found.command(name=name, epilog=exits_said("en"))(function)
            self._made[name] = _light(typer.main.get_command(found))
            self._made[name].name = name
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
