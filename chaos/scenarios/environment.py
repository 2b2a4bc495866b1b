"""The environment of a child: this process's own, with this repository importable."""

from __future__ import annotations

import os
from pathlib import Path


def environment() -> dict[str, str]:
    """What a child is given."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
