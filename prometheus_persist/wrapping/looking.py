"""A host's source, looked at without running it: what can be saved of it, and where to wrap it.

``looked`` reads a script, and the modules beside it that it imports, as text. It finds classes and
what their attributes are given, lists that only grow, clients of an exchange, what ``attach`` would
refuse, orders and whose they are, the main loop. What a reader of the text cannot know is listed in
``unseen``: attributes set by name, state of modules, functions that send orders of no known agent.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prometheus_persist.wrapping.places import MAIN

CLIENTS: Final = ("ccxt",)
REFUSED: Final = {
    "open": "a file",
    "threading": "a lock or thread",
    "socket": "a socket",
    "asyncio": "a part of an event loop",
    "queue": "a queue",
    "sqlite3": "a database",
    "multiprocessing": "a process",
    "subprocess": "a process",
    "concurrent": "a pool",
    "requests": "a connection",
    "aiohttp": "a connection",
    "websockets": "a connection",
}
SENDERS: Final = frozenset(
    {
        "create_order",
        "createOrder",
        "create_market_order",
        "create_limit_order",
        "create_market_buy_order",
        "create_market_sell_order",
        "create_limit_buy_order",
        "create_limit_sell_order",
        "create_order_with_take_profit_and_stop_loss",
    }
)
IDS: Final = ("agent_id", "name", "id", "trader_id", "bot_id", "strategy_id", "uid", "key")
OWNERS: Final = ("agent", "trader", "strategy", "bot", "who", "owner", "account")
LOOPS: Final = ("run", "main", "start", "loop", "main_loop", "run_forever", "trade_loop")
_GROWS: Final = frozenset({"append", "extend", "add", "appendleft"})
_SHRINKS: Final = frozenset({"clear", "pop", "popleft", "remove"})

Def = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class SeenClass:
    """A class of the host: attributes by name, with the source of what they were given first."""

    module: str
    name: str
    line: int
    attributes: dict[str, ast.expr] = field(default_factory=dict)
    methods: dict[str, Def] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """As a place begins."""
        return f"{self.module}:{self.name}"


@dataclass(slots=True)
class SendingPlace:
    """A function that sends an order; ``agent`` the path to whose, empty where nobody can tell."""

    place: str
    method: str
    agent: str


@dataclass(slots=True)
class SeenLoop:
    """The main loop: ``at`` is called in each pass, ``counters`` are its variables that count."""

    owner: SeenClass | None
    place: str
    at: str
    counters: list[str]
    sets: list[str]


@dataclass(slots=True)
class SourceLook:
    """All that was found; places as ``module:qualname``."""

    files: list[Path] = field(default_factory=list)
    classes: dict[str, SeenClass] = field(default_factory=dict)
    growing: list[str] = field(default_factory=list)
    clients: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    senders: list[SendingPlace] = field(default_factory=list)
    loop: SeenLoop | None = None
    root: SeenClass | None = None
    late_root: bool = False
    unseen: list[str] = field(default_factory=list)
    is_async: bool = False


def looked(script: Path, module: str = MAIN) -> SourceLook:
    """Read it; raises OSError, SyntaxError."""
    look = SourceLook()
    trees: dict[str, ast.Module] = {}
    _read(script, module, look, trees)
    for name, tree in trees.items():
        _classes(name, tree, look)
    for name, tree in trees.items():
        _state_of(name, tree, look)
    names = {name.rpartition(":")[2] for name in look.classes}
    for cls in list(look.classes.values()):
        _attributes(cls, look, names)
    for name, tree in trees.items():
        for owner, function in _functions(name, tree, look):
            _function(name, owner, function, look)
    grown = {name for tree in trees.values() for name in _changed_by(tree, _GROWS)}
    shrunk = {name for tree in trees.values() for name in _changed_by(tree, _SHRINKS)}
    look.growing = [
        f"{cls.name}.{name}"
        for cls in look.classes.values()
        for name in cls.attributes
        if name in grown - shrunk
    ]
    look.root = _root(look, trees[module])
    return look


def _read(path: Path, module: str, look: SourceLook, trees: dict[str, ast.Module]) -> None:
    tree = ast.parse(path.read_bytes(), str(path))
    look.files.append(path)
    trees[module] = tree
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.ImportFrom) and node.level:
            look.unseen.append(f"{path.name}:{node.lineno}: a relative import")
            continue
        else:
            continue
        for name in names:
            found = _beside(path, name)
            if found is not None and name not in trees and found not in look.files:
                _read(found, name, look, trees)


def _beside(path: Path, name: str) -> Path | None:
    at = path.parent.joinpath(*name.split("."))
    for found in (at.with_suffix(".py"), at / "__init__.py"):
        if found.is_file():
            return found
    return None


def _classes(module: str, tree: ast.Module, look: SourceLook) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for inner in ast.walk(node):
                if isinstance(inner, ast.ClassDef):
                    what = f"{module}:{inner.name}"
                    look.refused[what] = "a class made inside a function"
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            seen = SeenClass(module, node.name, node.lineno)
            for each in node.body:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    seen.methods[each.name] = each
                elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                    seen.attributes[each.target.id] = each.value or ast.Constant(None)
            look.classes[seen.place] = seen


def _attributes(cls: SeenClass, look: SourceLook, names: set[str]) -> None:
    for method in cls.methods.values():
        for node in ast.walk(method):
            if isinstance(node, ast.Call) and _name(node.func) in ("setattr", "exec", "eval"):
                where = f"{cls.name}.{method.name}, line {node.lineno}"
                look.unseen.append(f"{where}: {_name(node.func)}(), attributes set by name")
            for target, value in _assigned(node):
                if _of_self(target):
                    assert isinstance(target, ast.Attribute)
                    cls.attributes.setdefault(target.attr, value)
                    _value(f"{cls.name}.{target.attr}", target.attr, value, look, names)


def _value(where: str, name: str, value: ast.expr, look: SourceLook, names: set[str]) -> None:
    if isinstance(value, (ast.Lambda, ast.GeneratorExp)):
        look.refused[where] = "a function" if isinstance(value, ast.Lambda) else "a generator"
    if not isinstance(value, ast.Call):
        return
    called = _name(value.func)
    package = called.partition(".")[0]
    if package in CLIENTS:
        look.clients[where] = name
    elif package in REFUSED:
        look.refused[where] = f"{REFUSED[package]}, made by {called}"
    elif _foreign(called) and called.rpartition(".")[2] not in names:
        look.unseen.append(f"{where}: a {called}, of a module that was not read")


def _foreign(called: str) -> bool:
    """Whether it is written like a class of another module: ``decimal.Decimal``."""
    package, _, name = called.rpartition(".")
    return package[:1].islower() and package != "self" and name[:1].isupper()


def _state_of(module: str, tree: ast.Module, look: SourceLook) -> None:
    for node in tree.body:
        for target, value in _assigned(node):
            mutable = isinstance(value, (ast.List, ast.Dict, ast.Set)) and isinstance(
                target, ast.Name
            )
            if mutable and isinstance(target, ast.Name) and not target.id.isupper():
                look.unseen.append(
                    f"{module}:{target.id}, line {node.lineno}: a variable of the module is not "
                    "saved"
                )
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Global):
            names = ", ".join(inner.names)
            look.unseen.append(f"{module}:{names}, line {inner.lineno}: a global is not saved")


def _functions(
    module: str, tree: ast.Module, look: SourceLook
) -> Iterator[tuple[SeenClass | None, Def]]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield None, node
    for cls in look.classes.values():
        if cls.module == module:
            for method in cls.methods.values():
                yield cls, method


def _function(module: str, owner: SeenClass | None, function: Def, look: SourceLook) -> None:
    place = f"{module}:{function.name}" if owner is None else f"{owner.place}.{function.name}"
    sends = next(
        (
            node.func.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in SENDERS
        ),
        "",
    )
    if sends:
        look.is_async |= isinstance(function, ast.AsyncFunctionDef)
        look.senders.append(SendingPlace(place, sends, _agent(owner, function, look)))
    found = _loop(owner, place, function)
    if found is not None and (look.loop is None or function.name in LOOPS):
        look.loop = found


def _agent(owner: SeenClass | None, function: Def, look: SourceLook) -> str:
    """The path to the agent's id: a parameter that is one, or has one."""
    given = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    direct = [name for name in given if name in IDS and name.endswith("_id")]
    if direct:
        return direct[0]
    for name in given[1:] if owner else given:
        if name in OWNERS:
            used = {
                node.attr
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute) and _name(node.value) == name
            }
            held = {a for cls in look.classes.values() for a in cls.attributes} & set(IDS)
            ids = [each for each in IDS if each in used] or [each for each in IDS if each in held]
            return f"{name}.{ids[0]}" if ids else name
    if owner is not None:
        own = [each for each in IDS if each in owner.attributes]
        if own:
            return f"self.{own[0]}"
    named = [name for name in given if name in IDS]
    return named[0] if named else ""


def _loop(owner: SeenClass | None, place: str, function: Def) -> SeenLoop | None:
    loop = next((node for node in ast.walk(function) if isinstance(node, ast.While)), None)
    if loop is None:
        return None
    at = ""
    for node in _in_order(loop.body):
        if isinstance(node, ast.Call):
            called = _name(node.func)
            if owner and called.startswith("self.") and called[5:] in owner.methods:
                at = called[5:]
                break
    counters = [
        node.target.id
        for node in _in_order(loop.body)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    ]
    before = (node for node in function.body if node is not loop)
    sets = [
        target.attr
        for node in before
        for target, _ in _assigned(node)
        if isinstance(target, ast.Attribute) and _of_self(target)
    ]
    return SeenLoop(owner, place, at, list(dict.fromkeys(counters)), sets)


def _root(look: SourceLook, main: ast.Module) -> SeenClass | None:
    """The class with the main loop; else the one that leads to most of the others, to a client."""
    if look.loop is not None and look.loop.owner is not None:
        found = look.loop.owner
    else:
        clients = {where.partition(".")[0] for where in look.clients}

        def leads_to(cls: SeenClass) -> tuple[bool, int]:
            names = _makes(cls, look, set())
            return not clients.isdisjoint({cls.name, *names}), len(names)

        tops = [cls for cls in look.classes.values() if any(leads_to(cls))]
        if not tops:
            return None
        found = max(tops, key=leads_to)
    variables = {
        target.id
        for node in ast.walk(main)
        for target, value in _assigned(node)
        if isinstance(target, ast.Name)
        and isinstance(value, ast.Call)
        and _name(value.func) == found.name
    }
    look.late_root = any(
        isinstance(target, ast.Attribute) and _name(target.value) in variables
        for node in ast.walk(main)
        for target, _ in _assigned(node)
    )
    return found


def _makes(cls: SeenClass, look: SourceLook, known: set[str]) -> set[str]:
    """The classes that are made in its methods, and in those of these; put into ``known``."""
    called = {_name(node.func) for method in cls.methods.values() for node in ast.walk(method)
              if isinstance(node, ast.Call)}  # fmt: skip
    for other in look.classes.values():
        if other.name in called and other.name not in known:
            known.add(other.name)
            _makes(other, look, known)
    return known


def _in_order(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        yield node
        yield from _in_order(ast.iter_child_nodes(node))


def _assigned(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        return [
            pair
            for target in node.targets
            for pair in (
                list(zip(target.elts, node.value.elts, strict=False))
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                else [(target, node.value)]
            )
        ]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return [(node.target, node.value)]
    return []


def _changed_by(tree: ast.AST, methods: frozenset[str]) -> set[str]:
    return {
        node.func.value.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in methods
        and isinstance(node.func.value, ast.Attribute)
    }


def _of_self(target: ast.expr) -> bool:
    return isinstance(target, ast.Attribute) and _name(target.value) == "self"


def _name(node: ast.AST) -> str:
    """``a.b.c`` as it is written; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _name(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
