"""A place in a host's code: ``module:qualname``, a function of a module or a method of a class.

``found`` says what stands there, and ``put`` has something else stand there: on the class, for all
its instances, since what is put on an instance would be a part of what is saved. A place that is
not there raises BadConfig, with what is.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prometheus_persist.errors import BadConfig

Function = Callable[..., Any]
MAIN = "__main__"


@dataclass(frozen=True, slots=True)
class HostPlace:
    """Where; ``text`` as it was written."""

    text: str
    module: str
    names: tuple[str, ...]

    @property
    def owner(self) -> str:
        """The class it is on; empty for a function of the module."""
        return ".".join(self.names[:-1])

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.names[-1]


def place_of(text: str) -> HostPlace:
    """A place as it is written; raises BadConfig."""
    module, colon, rest = text.partition(":")
    names = tuple(rest.split("."))
    if not (colon and module and all(name.isidentifier() for name in names)):
        raise BadConfig(f"{text!r} is no place: write module:Class.method, or module:function")
    return HostPlace(text, module, names)


@dataclass(frozen=True, slots=True)
class Found:
    """A function where it stands; ``raw`` is what the class has (a static method is more)."""

    owner: Any
    name: str
    raw: Any
    function: Function


def found(place: HostPlace) -> Found:
    """What stands there; imports the module. Raises BadConfig where there is nothing."""
    try:
        owner: Any = sys.modules.get(place.module) or importlib.import_module(place.module)
    except ImportError as problem:
        raise BadConfig(f"{place.text}: {problem}") from None
    for name in place.names[:-1]:
        owner = _inside(owner, name, place)
    function = _inside(owner, place.name, place)
    raw = inspect.getattr_static(owner, place.name)
    plain = raw.__func__ if isinstance(raw, (staticmethod, classmethod)) else function
    if not callable(plain) or isinstance(plain, type):
        raise BadConfig(f"{place.text} is a {type(plain).__name__}, not a function")
    return Found(owner, place.name, raw, plain)


def put(found: Found, made: Function) -> None:
    """Have ``made`` stand there, and wherever else the class has the same under another name."""
    raw: Any = type(found.raw)(made) if isinstance(found.raw, (staticmethod, classmethod)) else made
    names = {name for name, held in vars(found.owner).items() if held is found.raw}
    for name in names | {found.name}:
        setattr(found.owner, name, raw)


def is_async(function: Function) -> bool:
    """Whether calling it gives something to wait for."""
    return inspect.iscoroutinefunction(inspect.unwrap(function))


def around(
    function: Function, before: Callable[[Any, Any], Any], after: Callable[[Any, Any], None]
) -> Function:
    """``function`` with something before it and behind it; sync or async as it is.

    ``before`` is given the arguments, ``after`` what ``before`` returned, and what was returned or,
    as an exception, raised.
    """
    if is_async(function):

        @functools.wraps(function)
        async def wrapped_async(*args: Any, **named: Any) -> Any:
            begun = before(args, named)
            try:
                told = await function(*args, **named)
            except BaseException as problem:
                after(begun, problem)
                raise
            after(begun, told)
            return told

        return wrapped_async

    @functools.wraps(function)
    def wrapped(*args: Any, **named: Any) -> Any:
        begun = before(args, named)
        try:
            told = function(*args, **named)
        except BaseException as problem:
            after(begun, problem)
            raise
        after(begun, told)
        return told

    return wrapped


def at_path(signature: inspect.Signature, path: str, args: Any, named: Any) -> Any:
    """What an argument holds at ``agent.name``; raises BadConfig, AttributeError."""
    first, *rest = path.split(".")
    bound = signature.bind(*args, **named)
    bound.apply_defaults()
    if first not in bound.arguments:
        raise BadConfig(f"there is no parameter {first!r} among {', '.join(bound.arguments)}")
    value = bound.arguments[first]
    for name in rest:
        value = getattr(value, name)
    return value


def _inside(owner: Any, name: str, place: HostPlace) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        there = [each for each in dir(owner) if not each.startswith("__")]
        near = difflib.get_close_matches(name, there, 3) or there[:5]
        what = getattr(owner, "__qualname__", None) or getattr(owner, "__name__", str(owner))
        raise BadConfig(
            f"{place.text} is not there; {what} has {', '.join(near) or 'nothing'}"
        ) from None
