"""What of a host is left out, and what a row has instead.

Never written (S11), whatever is in it: what an attribute, or a key of a dict, has that is called a
secret, and instances of the types that are bound anew after a restore (clients of an exchange). So
is what the host itself skips, by ``Class.attribute``, by attribute, or by class. What is called so
and is no secret (the ``token`` of a trade) the host says by the same names (``public``). A place
that is left out keeps its position: its row says that it was withheld, and after a restore it gets
what the freshly built host has at the same place (``rebinding.py``).

An *adapter* writes a type that cannot be written by its attributes: ``to_plain`` gives lists, dicts
and values for it (``adapted.py``), ``from_plain`` makes it again of just these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_persist.graph.classes import name_of

Adapter = tuple[Callable[[Any], Any], Callable[[Any], Any]]
CLIENTS = ("ccxt", "okx", "aiohttp", "requests", "httpx")  # packages whose instances are clients

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\da-zA-Z_]+")
_ANYWHERE = frozenset(
    {"secret", "secrets", "passphrase", "passphrases", "password", "passwords", "passwd", "pwd"}
    | {"credential", "credentials", "apikey", "apikeys", "secretkey", "privatekey", "accesskey"}
)
_AT_THE_END = frozenset({"token", "tokens", "jwt", "signature", "authorization"})
_KEYS_OF = frozenset({"api", "secret", "private", "access", "auth", "signing", "encryption", "okx"})


def is_secret(name: str) -> bool:
    """Whether a name is a secret's: ``apiKey``, ``api_secret``, ``passphrase``, ``bot_token``."""
    words = [each.lower() for each in _WORD.findall(name)]
    if not _ANYWHERE.isdisjoint(words):
        return True
    if not words:
        return False
    if words[-1] in ("key", "keys"):
        return len(words) == 1 or not _KEYS_OF.isdisjoint(words)
    return words[-1] in _AT_THE_END


class _Secrets(dict[str, bool]):
    """What was decided of names; bounded, since names may be data."""

    def __missing__(self, name: str) -> bool:
        if len(self) > 50_000:
            self.clear()
        found = self[name] = type(name) is str and is_secret(name)
        return found


@dataclass(slots=True)
class HostPolicy:
    """What is left out, and by which hands what is written."""

    skip: frozenset[str] = frozenset()
    rebound: tuple[type, ...] = ()
    adapters: Mapping[type, Adapter] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)  # attributes, by Class.old
    public: frozenset[str] = frozenset()
    _secrets: _Secrets = field(default_factory=_Secrets)
    _named: dict[tuple[type, bool], frozenset[str]] = field(default_factory=dict)
    _bound: dict[type, bool] = field(default_factory=dict)

    def hidden(self, name: object) -> bool:
        """Whether a key of a dict is called a secret."""
        return type(name) is str and self._secrets[name] and name not in self.public

    def withheld(self, cls: type, name: str) -> bool:
        """Whether an attribute is left out."""
        if self._secrets[name] and name not in self._of(cls, public=True):
            return True
        return name in self._of(cls)

    def is_bound_anew(self, cls: type) -> bool:
        """Whether instances are never written, and come from the freshly built host."""
        found = self._bound.get(cls)
        if found is None:
            names = {part for each in cls.__mro__ for part in (name_of(each), each.__qualname__)}
            found = self._bound[cls] = (
                issubclass(cls, self.rebound)
                or not self.skip.isdisjoint(names)
                or any(each.__module__.partition(".")[0] in CLIENTS for each in cls.__mro__)
            )
        return found

    def _of(self, cls: type, *, public: bool = False) -> frozenset[str]:
        """The attributes of a class that the host skips; or that it says are no secrets."""
        found = self._named.get((cls, public))
        if found is None:
            owners = {f"{each.__qualname__}." for each in cls.__mro__} | {""}
            owners |= {f"{name_of(each)}." for each in cls.__mro__}
            parts = (each.rpartition(".") for each in (self.public if public else self.skip))
            found = frozenset(name for owner, dot, name in parts if owner + dot in owners)
            self._named[cls, public] = found
        return found


def policy(
    skip: Iterable[str] = (),
    rebound: Iterable[type] = (),
    adapters: Mapping[type, Adapter] | None = None,
    renamed: Mapping[str, str] | None = None,
    public: Iterable[str] = (),
) -> HostPolicy:
    """A policy of what a host gave."""
    return HostPolicy(
        frozenset(skip),
        tuple(rebound),
        dict(adapters or {}),
        dict(renamed or {}),
        frozenset(public),
    )
