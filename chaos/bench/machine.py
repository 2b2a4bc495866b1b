"""What the numbers were measured on: processor, memory, file system, versions."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path

BUSY_LOAD = 0.5
MEMORY_FILE_SYSTEMS = ("tmpfs", "ramfs")


def machine(folder: Path) -> dict[str, str]:
    """The machine in words; what cannot be found out is left as a question mark."""
    kind, device = file_system(folder)
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count() or "?"),
        "memory": _memory(),
        "load": load(),
        "file_system": kind,
        "device": device,
        "kernel": platform.platform(),
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
    }


def commit_of(tree: Path) -> str:
    """What git calls the commit of a tree; a question mark where it does not know."""
    try:
        said = subprocess.run(  # noqa: S603 a fixed word
            ["git", "-C", str(tree), "describe", "--always", "--dirty"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "?"
    return said.stdout.strip()


def file_system(folder: Path) -> tuple[str, str]:
    """Type and device of the file system that holds ``folder``."""
    best, found = "", ("?", "?")
    place = str(folder.resolve())
    for line in _lines("/proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        mount, fields = left.split()[4], right.split()
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, found = mount, (fields[0], fields[1])
    return found


def _processor() -> str:
    names = (line for line in _lines("/proc/cpuinfo") if line.startswith("model name"))
    return next((line.partition(":")[2].strip() for line in names), platform.machine() or "?")


def busy() -> bool:
    """Whether other processes keep at least half a core busy."""
    return os.getloadavg()[0] >= BUSY_LOAD


def load() -> str:
    """The load of the last 1, 5 and 15 minutes."""
    return " ".join(f"{part:.2f}" for part in os.getloadavg())


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "?"
    return f"{size / 2**30:.1f} GiB"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
