"""What an object with an identity is, and whether it can be kept.

    o    instance of a registered class: ``__dict__``, then ``__slots__``
    d od ct dd    dict, OrderedDict, Counter, defaultdict
    l q s         list, deque, set
    t fs nt       tuple, frozenset, named tuple: they never change
    a g rs r ba   ndarray, numpy Generator, RandomState, random.Random, bytearray
    x             by an adapter of the host

The kinds ``a`` to ``x`` are *whole*: their state is compared as bytes, each time; ``state`` gives
it as JSON, ``remade`` the object of it.
"""

from __future__ import annotations

import dataclasses
import types
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any, Final

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph.adapted import adapted, given_again
from prometheus_persist.graph.arrays import array_of, array_state
from prometheus_persist.graph.classes import ClassTable, name_of
from prometheus_persist.graph.policy import HostPolicy
from prometheus_persist.graph.values import (
    BUILTINS,
    Json,
    imported,
    needed,
    packed,
    unpacked,
)

BUILT_IN: Final[dict[type, str]] = {
    dict: "d",
    OrderedDict: "od",
    Counter: "ct",
    defaultdict: "dd",
    list: "l",
    deque: "q",
    set: "s",
    tuple: "t",
    frozenset: "fs",
    bytearray: "ba",
}
MAPPINGS: Final = frozenset({"d", "od", "ct", "dd"})
UNCHANGING: Final = frozenset({"t", "fs", "nt"})
WHOLE: Final = frozenset({"a", "g", "rs", "r", "ba", "x"})
BOUND: Final = "bound anew"
_PROTOCOL = ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")
_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_OF_DATACLASS = {
    getattr(dataclasses, name, None) for name in ("_dataclass_getstate", "_dataclass_setstate")
}


class Kinds(dict[type, str]):
    """``kinds[type(x)]``; raises BadValue saying why an object cannot be kept."""

    def __init__(self, table: ClassTable, policy: HostPolicy) -> None:
        super().__init__(BUILT_IN)
        self._table, self._policy = table, policy

    def __missing__(self, cls: type) -> str:
        found = self[cls] = self._kind(cls)
        return found

    def _kind(self, cls: type) -> str:
        if self._policy.is_bound_anew(cls):
            return BOUND
        if cls in self._policy.adapters:
            return "x"
        numpy, random = imported("numpy"), imported("random")
        if random is not None and cls is random.Random:
            return "r"
        if numpy is not None:
            known = {
                numpy.ndarray: "a",
                numpy.random.Generator: "g",
                numpy.random.RandomState: "rs",
            }
            if cls in known:
                return known[cls]
        if cls.__module__ == "builtins" or self._table.why_not(cls):
            raise BadValue(f"{cls.__qualname__}: {self._table.why_not(cls)}")
        if issubclass(cls, tuple) and cls.__bases__ == (tuple,) and hasattr(cls, "_fields"):
            self._refuse_secrets(cls)
            return "nt"
        why = hidden_state(cls)
        if why:
            raise BadValue(f"{cls.__qualname__} {why}; give an adapter")
        return "o"

    def _refuse_secrets(self, cls: type) -> None:
        """A tuple cannot be made without one of its values, so nothing of it can be left out."""
        fields: tuple[str, ...] = vars(cls)["_fields"]
        for name in fields:
            if self._policy.withheld(cls, name):
                raise BadValue(f"{cls.__qualname__} has the field {name}, which is called a secret")


def hidden_state(cls: type) -> str:
    """Why the attributes of an instance are not all that it is; empty: they are."""
    for each in cls.__mro__[:-1]:
        new = vars(each).get("__new__")
        if new is not None and not isinstance(new, (staticmethod, types.FunctionType)):
            return f"is a kind of {name_of(each)}, which holds more than attributes"
    for each in cls.__mro__[:-1]:
        for name in _PROTOCOL:
            own = vars(each).get(name)
            if own is not None and own not in _OF_DATACLASS and not _is_of_attrs(own, each):
                return f"has its own {name}"
    return ""


def _is_of_attrs(method: Any, cls: type) -> bool:
    """Whether attrs made it, of the slots: it gives these, and nothing else. Where a hash is kept
    it leaves that out, which is another one in each process."""
    return getattr(method, "__module__", "") == "attr._make" and "_attrs_cached_hash" not in vars(
        cls
    )


class Slots(dict[type, dict[str, Any]]):
    """The ``__slots__`` of a class by name, as what reads and writes them."""

    def __missing__(self, cls: type) -> dict[str, Any]:
        found = self[cls] = {
            name: member
            for each in reversed(cls.__mro__)
            for name, member in vars(each).items()
            if isinstance(member, types.MemberDescriptorType)
        }
        return found


SLOTS: Final = Slots()
_attribute = object.__getattribute__


def own_dict(obj: object) -> dict[str, Any]:
    """The ``__dict__`` of an instance; an empty one where it has none."""
    try:
        found: dict[str, Any] = _attribute(obj, "__dict__")
    except AttributeError:
        return {}
    return found


def attributes(obj: object) -> dict[str, Any]:
    """All attributes of an instance, in their order: never by the host's own code."""
    own, slots = own_dict(obj), SLOTS[type(obj)]
    if not slots:
        return own
    found = dict(own)
    for name, member in slots.items():
        try:
            found[name] = member.__get__(obj)
        except AttributeError:
            continue
    return found


_NO_STATE: Final = frozenset({"__orig_class__"})  # what ``Counter[str]()`` was made by, of typing
_OF_RANDOM: Final = _NO_STATE | {"gauss_next"}  # which is in the state of a random.Random


def has_apart(obj: Any) -> str:
    """The name of an attribute of what is kept by its items, or by its state, as a ``Counter`` may
    have one; empty: it has none."""
    if not type(obj).__dictoffset__:
        return ""
    known = _OF_RANDOM if hasattr(obj, "getstate") else _NO_STATE
    return next((name for name in own_dict(obj) if name not in known), "")


def refuse_apart(obj: Any) -> None:
    """Raise BadValue where there is such an attribute: it would be lost."""
    if name := has_apart(obj):
        raise BadValue(told_apart(obj, name))


def told_apart(obj: Any, name: str) -> str:
    """The same in words."""
    return f"{type(obj).__qualname__} has an attribute {name!r} beside what it holds"


def factory(made: Any, table: ClassTable) -> Json:
    """What a defaultdict makes its values with; raises BadValue."""
    if made is None:
        return None
    if isinstance(made, type):
        cls: type = made
        return cls.__name__ if BUILTINS.get(cls.__name__) is cls else table.number(cls)
    raise BadValue(f"a defaultdict whose factory is a {type(made).__qualname__}")


def made_by(told: Json, table: ClassTable) -> Any:
    """The factory again; raises StoreDamaged."""
    if told is None:
        return None
    if type(told) is str and told in BUILTINS:
        return BUILTINS[told]
    return table.find(told)


def state(kind: str, obj: Any, policy: HostPolicy) -> Json:
    """What an object that is written whole is now; raises BadValue."""
    if kind == "ba":
        return packed(obj)
    if kind == "a":
        return array_state(obj)
    if kind == "g":
        return _bits(obj.bit_generator)
    if kind == "rs":
        found = obj.get_state(legacy=False)
        if found["bit_generator"] not in _BIT_GENERATORS:
            raise BadValue(f"a bit generator {found['bit_generator']}")
        return [_plain(found)]
    if kind == "r":
        refuse_apart(obj)
        version, words, gauss = obj.getstate()
        return [version, " ".join(map(str, words)), gauss]
    try:
        return [name_of(type(obj)), adapted(policy.adapters[type(obj)][0](obj)), "exact"]
    except BadValue as problem:
        raise BadValue(f"{type(obj).__qualname__}: {problem.detail}") from None


def seen(kind: str, obj: Any, policy: HostPolicy) -> Any:
    """What such an object is compared by: equal, nothing changed."""
    if kind == "a":
        return obj.tobytes(), obj.shape, obj.dtype.str, obj.flags.writeable
    if kind == "ba":
        return bytes(obj)
    if kind == "r":
        refuse_apart(obj)
        return obj.getstate()
    return repr(state(kind, obj, policy))


def remade(kind: str, told: Json, policy: HostPolicy) -> Any:
    """The object again; raises StoreDamaged."""
    try:
        return _remade(kind, told, policy)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as problem:
        raise StoreDamaged(f"a {kind!r} of the host cannot be made again: {problem}") from None


def _remade(kind: str, told: Json, policy: HostPolicy) -> Any:
    if kind == "ba":
        return bytearray(unpacked(told))
    if kind == "a":
        return array_of(told)
    if kind == "g":
        return needed("numpy").random.Generator(_of_bits(told))
    if kind == "rs":
        random, was = needed("numpy").random, _as_was(told[0])
        if was["bit_generator"] not in _BIT_GENERATORS:
            raise StoreDamaged(f"the host's generator {was['bit_generator']!r} is none of numpy's")
        found = random.RandomState(getattr(random, was["bit_generator"])())
        found.set_state(was)
        return found
    if kind == "r":
        version, words, gauss = told
        found = needed("random").Random()
        found.setstate((version, tuple(map(int, words.split())), gauss))
        return found
    name, plain, *exact = told  # without a third: plain JSON, of a version that wrote nothing else
    for cls, (_, from_plain) in policy.adapters.items():
        if name_of(cls) == name:
            return from_plain(given_again(plain) if exact else plain)
    raise StoreDamaged(f"{name} of the host has no adapter any more")


def _bits(generator: Any) -> Json:
    name = type(generator).__name__
    if name not in _BIT_GENERATORS:
        raise BadValue(f"a bit generator {name}")
    seed = generator.seed_seq
    if type(seed).__name__ != "SeedSequence":
        raise BadValue(f"a generator that was seeded by a {type(seed).__name__}")
    entropy = seed.entropy
    several = entropy is not None and not isinstance(entropy, int)
    grown = [
        list(map(hex, map(int, entropy))) if several else None if entropy is None else hex(entropy),
        list(map(int, seed.spawn_key)),
        seed.pool_size,
        seed.n_children_spawned,
    ]
    return [name, _plain(generator.state), grown]


def _of_bits(told: Json) -> Any:
    name, was, (entropy, spawn_key, pool_size, spawned) = told
    if name not in _BIT_GENERATORS:
        raise StoreDamaged(f"the host's generator {name!r} is none of numpy's")
    random = needed("numpy").random
    several = isinstance(entropy, list)
    seed = random.SeedSequence(
        [int(each, 16) for each in entropy] if several else entropy and int(entropy, 16),
        spawn_key=tuple(spawn_key),
        pool_size=pool_size,
        n_children_spawned=spawned,
    )
    found = getattr(random, name)(seed)
    found.state = _as_was(was)
    return found


def _plain(told: Any) -> Json:
    """The state of a bit generator as JSON: integers as hex, arrays by type and bytes."""
    if isinstance(told, dict):
        return {name: _plain(item) for name, item in told.items()}
    if hasattr(told, "tobytes"):
        return [told.dtype.str, packed(told.tobytes())]
    return hex(told) if type(told) is int else told


def _as_was(told: Json) -> Any:
    if isinstance(told, dict):
        return {
            name: item if name == "bit_generator" else _as_was(item) for name, item in told.items()
        }
    if isinstance(told, list):
        return needed("numpy").frombuffer(unpacked(told[1]), told[0]).copy()
    return int(told, 16) if isinstance(told, str) else told
