"""Where settings come from, and where they are written down.

A host that gives no ``Settings`` gets, each over the one before: the defaults,
``[tool.prometheus-persist]`` in the nearest ``pyproject.toml`` upward that has such a table, and
``PERSIST_<KEY>`` in the environment. A host that gives them gets exactly those.

What a session runs by is written into ``incremental/settings.json``, a readable file like the
others: with a checksum, named where it is damaged. Commands of the command line are visits: they
run by what is written there, with the environment over it, and leave it as it is.

A ``pyproject.toml`` that is found on the way up says where data goes, so it is read only where
nobody else can have written it: it and its directory belong to this user or to root, and no other
group or user may write to them (into a sticky directory, such as /tmp, others may, and still cannot
change what is not theirs). One that is passed over is told, as a ``UserWarning``. A file that the
host names itself is read.

Raises ``BadConfig`` naming the file or variable, the key, and what is allowed.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_persist.errors import BadConfig, StoreDamaged
from prometheus_persist.journal.projection import unwrap
from prometheus_persist.session.locks import refuse_others_mirror
from prometheus_persist.session.settings import KEYS, Settings
from prometheus_persist.shown import shown
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.storage.heard import heard
from prometheus_persist.storage.layout import INCREMENTAL, JOURNAL, MIRROR, ROOT, segment_epoch
from prometheus_persist.storage.split import SplitFs

TABLE = "prometheus-persist"
PREFIX = "PERSIST_"
RECORD = "settings.json"
_MIRROR_DIR = f"{PREFIX}MIRROR_DIR"
_NEAR = 0.8  # how much a variable has to look like a key to be called a misspelt one


def load(
    start: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    pyproject: Path | None = None,
) -> Settings:
    """The settings for a host in the directory ``start``; ``pyproject`` names the file itself."""
    settings = Settings()
    found = [pyproject] if pyproject else list(_upward((start or Path.cwd()).resolve()))
    for path in found:
        table = _table(path)
        if table is not None:
            settings = settings.changed(
                {name.replace("-", "_"): value for name, value in table.items()},
                f"{path}, [tool.{TABLE}]",
            )
            break
    return over(settings, os.environ if environ is None else environ)


def over(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """These settings, with what the environment says in their place."""
    values = {}
    for name, text in environ.items():
        key = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX):
            continue
        if key in KEYS:
            values[key] = KEYS[key].read(text)
            continue
        from difflib import get_close_matches  # needed once something is wrong

        if near := get_close_matches(key, KEYS, n=1, cutoff=_NEAR):
            meant = PREFIX + near[0].upper()
            raise BadConfig(f"{name}: there is no such setting; did you mean {meant}?")
    return settings.changed(values, "the environment (PERSIST_…)")


def recorded(fs: Fs) -> Settings | None:
    """What the host of this store runs by; None where it is not written there, or cannot be read.

    A record that is damaged is named by whoever restores or verifies. Keys of a newer version are
    passed over.
    """
    path = f"{INCREMENTAL}/{RECORD}"
    try:
        if fs.size(path) is None:
            return None
        data, _ = unwrap(RECORD, fs.read(path), path)
    except (StoreDamaged, OSError):
        return None
    known = {name: value for name, value in data.items() if name in KEYS}
    return Settings.of(known, path)


def visiting(directory: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings for a command on this store: its host's, else those for a host here.

    Raises BadConfig where nothing says any more where its mirror is, and it is not in the store:
    without it, what only the mirror has would be called lost.
    """
    environ = os.environ if environ is None else environ
    fs = LocalFs(directory)
    found = recorded(fs)
    if found is not None:
        return over(found, environ)
    settings = load(environ=environ)
    if not settings.mirror_dir and _MIRROR_DIR not in environ and _mirrored_elsewhere(fs):
        raise BadConfig(
            f"{directory / INCREMENTAL / RECORD} is missing or cannot be read, and the mirror is "
            f"not in the store: say where it is by {_MIRROR_DIR} (empty: there is none)"
        )
    return settings


def _mirrored_elsewhere(fs: Fs) -> bool:
    """Whether a writer was here, and none whose mirror is in the store: that one makes a place for
    it, whether it keeps one or not."""
    begun = any(segment_epoch(name) is not None for name in fs.list_dir(JOURNAL))
    return begun and MIRROR not in fs.list_dir(ROOT)


def disk(directory: Path, settings: Settings) -> Fs:
    """The files of a store, the mirror's wherever they lie."""
    main = LocalFs(directory)
    mirror_dir = settings.mirror_dir
    return heard(SplitFs(main, LocalFs(mirror_dir)) if mirror_dir else main)


def visited(directory: Path) -> Fs:
    """The files of a store, for a command that only looks; raises MirrorOfAnother for a copy."""
    settings = visiting(directory)
    if settings.mirror_dir and directory.is_dir():
        refuse_others_mirror(LocalFs(directory), LocalFs(settings.mirror_dir))
    return disk(directory, settings)


def _upward(start: Path) -> Iterator[Path]:
    """The files from here on up that nobody else can have written; the others are told."""
    for path in (folder / "pyproject.toml" for folder in (start, *start.parents)):
        if not path.is_file():
            continue
        why = _whose(path) or _whose(path.parent)
        if why:
            warnings.warn(shown(f"{path} is not read for settings: {why}"), stacklevel=3)
        else:
            yield path


def _whose(path: Path) -> str:
    """Why somebody else may have written this file or directory; empty where nobody can have."""
    found = path.stat()
    shared = stat.S_IWOTH if found.st_gid == found.st_uid else stat.S_IWOTH | stat.S_IWGRP
    if found.st_uid not in (os.geteuid(), 0):
        return f"{path} belongs to user {found.st_uid}"
    if found.st_mode & shared and not (path.is_dir() and found.st_mode & stat.S_ISVTX):
        return f"others may write to {path}"
    return ""


def _table(path: Path) -> Mapping[str, object] | None:
    import tomllib

    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise BadConfig(f"{path} cannot be read: {problem}") from None
    tools = content.get("tool", {})
    table = tools.get(TABLE) if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise BadConfig(f"{path}: [tool.{TABLE}] is no table")
    return table
