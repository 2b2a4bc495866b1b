"""What a host may choose about its session, checked the moment it is chosen.

Each setting is one line of ``KEYS``: what it may be, in a test and in words. The same words stand
in every refusal, wherever the value came from: the call, ``pyproject.toml``, the environment, or
what an earlier session wrote down (``settings_sources.py``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args

from prometheus_persist.errors import BadConfig
from prometheus_persist.storage.committer import MirrorSync, StoreOptions
from prometheus_persist.storage.retention import (
    HISTORY_BYTES_MAX,
    HISTORY_HOURS,
    HISTORY_HOURS_MAX,
)

Detect = Literal["everything", "marked"]
_YES_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: its type, what it may be, and that in words."""

    kind: type
    allows: Callable[[Any], bool]
    words: str

    def taken(self, value: object) -> bool:
        """Whether this is such a value; a whole number is a number, a truth value is neither."""
        if self.kind is float and type(value) is int:
            return self.allows(value)
        return type(value) is self.kind and self.allows(value)

    def read(self, text: str) -> object:
        """The value that a text stands for; the text itself where it stands for none."""
        try:
            if self.kind is bool:
                return _YES_NO.get(text.lower(), text)
            return self.kind(text)
        except ValueError:
            return text


def _any(_value: object) -> bool:
    return True


def _from(least: float) -> Callable[[Any], bool]:
    return lambda value: least <= value < float("inf")


def _one_of(choices: tuple[str, ...]) -> Key:
    return Key(str, lambda value: value in choices, f"one of {', '.join(choices)}")


_COUNT = Key(int, _from(1), "a whole number, at least 1")
KEYS: dict[str, Key] = {
    "save_every_cycles": _COUNT,
    "snapshot_every_s": Key(
        float, lambda value: 0 < value < float("inf"), "a number of seconds above 0"
    ),
    "snapshots_kept": _COUNT,
    "history_hours": Key(
        float,
        lambda value: 0 <= value < HISTORY_HOURS_MAX,
        f"a number of hours from 0 to below {HISTORY_HOURS_MAX}",
    ),
    "in_flight_ms": Key(int, _from(0), "a whole number of milliseconds, 0 or more"),
    "mirror": _one_of(get_args(MirrorSync)),
    "mirror_sync_ms": Key(int, _from(1), "a whole number of milliseconds, at least 1"),
    "mirror_dir": Key(
        str,
        lambda value: not value or Path(value).is_absolute(),
        'an absolute path, or "" for the store\'s own directory',
    ),
    "background": Key(bool, _any, "true or false"),
    "detect": _one_of(get_args(Detect)),
    "history_bytes_max": Key(int, _from(0), "a whole number of bytes, 0 or more"),
    "tail_commits_max": _COUNT,
    "tail_bytes_max": Key(int, _from(1), "a whole number of bytes, at least 1"),
    "recovery_budget_s": Key(
        float, lambda value: 0 < value < float("inf"), "a number of seconds above 0"
    ),
    "reconcile_every_cycles": Key(int, _from(0), "a whole number, 0 for never"),
    "index_lag_ms": Key(int, _from(0), "a whole number of milliseconds, 0 or more"),
    "order_valid_ms": Key(int, _from(0), "a whole number of milliseconds, 0 for no expTime"),
    "human_stops": _one_of(("instrument", "direction", "everything")),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a host may choose. Raises BadConfig for what cannot be carried out.

    ``mirror_dir``: where the journal's second copy lies, on another disk say; empty: ``mirror/`` in
    the store. ``background``: readable files, snapshots and clean-up are made beside the loop.
    ``detect``: what a save looks at, ``everything`` or what was ``marked``. ``history_bytes_max``
    bounds what is kept for the past. ``tail_*_max``: how much may be committed since the newest
    snapshot before another one is taken. ``recovery_budget_s``: what has not been read from the
    exchange by then is incomplete. ``reconcile_every_cycles``: how often ``on_cycle`` reconciles
    the running system. ``index_lag_ms``: how late an order that arrived may show up when it is
    asked for; only after that is one that is not found called never arrived. ``order_valid_ms``:
    regular orders carry an expTime that far ahead (``exchange.expiring`` sends it).
    ``human_stops``: what waits while a human is asked: the ``instrument`` it is about; all of it
    where a ``direction`` differs (case D), else the instrument; or ``everything``.
    """

    save_every_cycles: int = 5
    snapshot_every_s: float = 3600.0
    snapshots_kept: int = 3
    history_hours: float = HISTORY_HOURS
    in_flight_ms: int = 3_000
    mirror: MirrorSync = "behind"
    mirror_sync_ms: int = 50
    mirror_dir: str = ""
    background: bool = True
    detect: Detect = "everything"
    history_bytes_max: int = HISTORY_BYTES_MAX
    tail_commits_max: int = 50_000
    tail_bytes_max: int = 64 * 1024 * 1024
    recovery_budget_s: float = 60.0
    reconcile_every_cycles: int = 0
    index_lag_ms: int = 30_000
    order_valid_ms: int = 0
    human_stops: str = "direction"

    def __post_init__(self) -> None:
        for name, key in KEYS.items():
            value = getattr(self, name)
            if not key.taken(value):
                raise BadConfig(f"{name} is {value!r}; it has to be {key.words}")

    @classmethod
    def of(cls, values: Mapping[str, object], where: str) -> Self:
        """The settings in a table; raises BadConfig naming ``where``, key, and what is allowed."""
        return cls().changed(values, where)

    def changed(self, values: Mapping[str, object], where: str) -> Self:
        """These settings with others in their place; raises BadConfig likewise."""
        for name in values:
            if name not in KEYS:
                from difflib import get_close_matches

                near = get_close_matches(name, KEYS, n=1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KEYS)}"
                raise BadConfig(f"{where}: there is no setting {name!r}; {hint}")
        try:
            return dataclasses.replace(self, **dict(values))  # type: ignore[arg-type]
        except BadConfig as problem:
            raise BadConfig(f"{where}: {problem.detail}") from None

    def to_json(self) -> dict[str, Any]:
        """Every setting by name."""
        return dataclasses.asdict(self)

    @property
    def store(self) -> StoreOptions:
        """What of it concerns the store."""
        return StoreOptions(mirror=self.mirror, mirror_sync_ms=self.mirror_sync_ms)


def refuse_no_settings(settings: object) -> None:
    """Raise BadConfig for what was given in their place, a table say."""
    if not isinstance(settings, Settings):
        raise BadConfig(f"settings are a Settings(save_every_cycles=1, …), not {settings!r}")
