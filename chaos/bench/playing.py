"""The process that plays one row for one tree (``turns.py`` starts it and tells it when)."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from chaos.bench.context import Options, Scale
from chaos.bench.run import ROWS
from chaos.bench.turns import wire_of


def play(name: str, folder: str, seconds: str, scale: str, home: str) -> None:
    """In the child: a round for each line that is read, its rows as one line of JSON."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever prints, the answer is told apart
    measure = next(row.measure for row in ROWS if row.name == name)
    options = Options(Path(folder), float(seconds), Scale(**json.loads(scale)), Path(home))
    rounds = measure(options)
    try:
        for _ in sys.stdin:
            told.write(json.dumps([wire_of(row) for row in next(rounds)]) + "\n")
            told.flush()
    finally:
        close = getattr(rounds, "close", None)
        if close is not None:
            close()
