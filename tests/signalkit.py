"""A program that is stopped at random moments: forked often, imported once.

``python signalkit.py SEED TIMES SIGNAL MODULE FUNCTION STORE WORDS…`` runs the program undisturbed,
then ``TIMES`` times with a signal somewhere within as long as that took (and a little longer), each
time on a fresh copy of STORE in a process group of its own that gets the signal as from a terminal.
An object a line: exit code, stdout, stderr, the directory, whether the signal was sent in time.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

ENDS_S_MAX = 90.0


def forked(work: Path, words: list[str], program: str, function: str, wait_s: float, sig: int):
    out, err = work / "out", work / "err"
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for path, number in ((out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = 255
        sys.argv = ["program", *words]
        signal.pthread_sigmask(signal.SIG_BLOCK, {sig})
        try:
            module = importlib.import_module(program)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {sig})
            getattr(module, function)()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
        except BaseException:  # noqa: BLE001 whatever it is, it is shown
            import traceback

            traceback.print_exc()
        with contextlib.suppress(Exception):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    began = time.monotonic()
    sent = 0.0
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        took = time.monotonic() - began
        if done:
            break
        if not sent and wait_s >= 0 and took >= wait_s and caught(pid):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, sig)
            sent = took
        if took > wait_s + ENDS_S_MAX and wait_s >= 0:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.001)
    left = group(pid)
    for _ in range(200):  # who was told to end has a moment to do so
        if not left:
            break
        time.sleep(0.01)
        left = group(pid)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": out.read_text(errors="replace"),
        "err": err.read_text(errors="replace"),
        "took": took,
        "ending": took - sent if sent else 0.0,
        "left": left,
    }


def caught(pid: int) -> bool:
    """Whether the process catches SIGTERM: only from then on anything is promised."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def group(pid: int) -> list[str]:
    """The processes of a group."""
    return [
        one.name for one in Path("/proc").iterdir() if one.name.isdigit() and group_of(one) == pid
    ]


def group_of(process: Path) -> int:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[2])


def main() -> None:
    seed, times, sig = (int(word) for word in sys.argv[1:4])
    program, function, store, *words = sys.argv[4:]
    rng = random.Random(seed)
    for name in filter(None, os.environ.get("SIGNALKIT_IMPORTS", "").split(",")):
        importlib.import_module(name)
    length, least = 0.0, float(os.environ.get("SIGNALKIT_LEAST_S", "0"))
    for number in range(times + 1):
        work = Path(tempfile.mkdtemp(prefix="signals-"))
        if store:
            shutil.copytree(store, work / "store")
        places = {"STORE": str(work / "store"), "WORK": str(work)}
        told = [word.format(**places) for word in words]
        wait_s = (
            rng.uniform(0, length) if number else float(os.environ.get("SIGNALKIT_ENDLESS_S", "-1"))
        )
        found = forked(work, told, program, function, wait_s, sig)
        if not number or not found["ending"]:
            length = max(found["took"], least)  # how long it takes now, with everything in memory
        print(json.dumps({**found, "number": number, "work": str(work)}), flush=True)


if __name__ == "__main__":
    main()
