"""Programs that are stopped at random moments: imported once, forked for every run.

``Kit`` is a process of its own that has imported what a program imports, and forks it off as often
as it is asked to: undisturbed first, then ``times`` times with a signal somewhere within as long as
that took, each time on a fresh copy of a store, in a process group of its own that gets the signal
as from a terminal. What only waits is stopped ``wide`` at a time; what computes one by one, since
its length is measured by itself.

``judged`` is what holds of every one of them.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
TIMES = 20
ENDS_S_MAX = 10.0
TIDIES_S_MAX = 60.0  # at the pace of the client's own throttle
HANGS_S = 90.0
POLL_S = 0.001
GONE_S_MAX = 5.0


@dataclass
class Job:
    """One program, and how it is stopped.

    ``endless_s``: it does not end by itself within that time; it is stopped within it, also the
    first time. ``envs``: as many runs at a time, each with an environment of its own. ``talks``:
    every run is held until somebody has answered its first line.
    """

    words: list[str]
    program: str = "prometheus_persist.cli"
    function: str = "main"
    store: str = ""
    seed: int = 1
    times: int = TIMES
    sig: int = signal.SIGINT
    endless_s: float = 0.0
    wide: int = 1
    envs: list[dict[str, str]] = field(default_factory=list)
    talks: bool = False


class Kit:
    """The process that forks; it ends with who made it."""

    def __init__(self, place: Path, *imports: str, **env: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(place), *imports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PERSIST_LANG": "en", "NO_COLOR": "1", **env},
        )

    def __enter__(self) -> Kit:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def stopped(
        self, *words: str, says: Callable[[str], None] | None = None, **how: Any
    ) -> list[dict[str, Any]]:
        """What the program left, each time: the undisturbed run first. ``how`` as in ``Job``."""
        job = Job(list(words), talks=says is not None, **how)
        self._send(vars(job))
        found: list[dict[str, Any]] = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "said" in told and says is not None:
                says(told["said"])
                self._send({})
            elif "code" in told:
                found.append(told)
            else:
                break
        assert len(found) == job.times + 1, "the kit itself ended"
        return sorted(found, key=lambda one: one["number"])

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def judged(found: list[dict[str, Any]], sig: int, word: str, *words: str) -> int:
    """Each ended by itself, or as it was told to, in a line with a word; how often the latter."""
    own, wanted = found[0]["code"], (word, *words)
    count = 0
    for one in found:
        shown = f"{one['number']} after {one['took']:.3f} s\n{one['out']}\n{one['err']}"
        assert "Traceback" not in one["out"] + one["err"], shown
        assert "Exception" not in one["err"], shown
        assert not one["left"], f"left behind: {one['left']}\n{shown}"
        if one["code"] == CODES[signal.Signals(sig)]:
            lines = [line for line in one["err"].splitlines() if any(w in line for w in wanted)]
            assert len(lines) == 1, shown
            assert one["err"].splitlines()[-1] == lines[0], shown
            limit_s = TIDIES_S_MAX if "taking back" in lines[0] else ENDS_S_MAX
            assert one["ending"] < limit_s, shown
            count += 1
        else:
            assert one["code"] == own, f"{one['code']}, not {own}: {shown}"
    return count


def removed(found: list[dict[str, Any]]) -> None:
    """No process lives for one of these places; they go."""
    patience = time.monotonic() + GONE_S_MAX  # sessions of their own, told to end or left alone
    while (left := at_work(found)) and time.monotonic() < patience:
        time.sleep(0.01)
    assert left == []
    for one in found:
        shutil.rmtree(one["work"], ignore_errors=True)


def at_work(found: list[dict[str, Any]]) -> list[str]:
    """The command lines that name one of these places."""
    places = [one["work"] for one in found]
    lines = (line.replace("\0", " ") for line in command_lines())
    return [line for line in lines if any(place in line for place in places)]


def command_lines() -> list[str]:
    """Of every process that lives."""
    found = []
    for one in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if one.name.isdigit():
                found.append((one / "cmdline").read_text(errors="replace"))
    return found


def caught(pid: int) -> bool:
    """Whether the process catches SIGTERM: only from then on anything is promised."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


class Run:
    """A fork that is under way."""

    def __init__(self, job: Job, number: int, place: str, wait_s: float, slot: int) -> None:
        self.number, self.slot = number, slot
        self._job, self._wait_s, self._sent, self._said = job, wait_s, 0.0, not job.talks
        self.work = Path(tempfile.mkdtemp(prefix="run-", dir=place))
        if job.store:
            shutil.copytree(job.store, self.work / "store")
        places = {"STORE": str(self.work / "store"), "WORK": str(self.work)}
        words = [word.format(**places) for word in job.words]
        self._out, self._err = self.work / "out", self.work / "err"
        self._out.touch()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(words)
        self._began = time.monotonic()

    def _become(self, words: list[str]) -> None:
        """The program; does not return."""
        job, code = self._job, 255
        atexit.unregister(killed)  # that is for the kit's end
        os.setsid()
        for path, number in ((self._out, 1), (self._err, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(job.envs[self.slot] if job.envs else {})
        sys.argv = ["program", *words]
        signal.pthread_sigmask(signal.SIG_BLOCK, {job.sig})
        try:
            module = importlib.import_module(job.program)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {job.sig})
            getattr(module, job.function)()
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

    def looked_at(self, say: Callable[[object], None], heard: Callable[[], object]) -> bool:
        """Stop it if it is time; whether it has ended."""
        done, status = os.waitpid(self.pid, os.WNOHANG)
        took = time.monotonic() - self._began
        if done:
            self.told = self._ended(status, took)
            return True
        if not self._said and "\n" in (first := self._out.read_text()):
            say({"said": first})
            heard()
            self._said = True
            self._wait_s = 0.0
        if not self._sent and 0 <= self._wait_s <= took and self._said and caught(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, self._job.sig)
            self._sent = time.monotonic() - self._began
        if took > max(self._wait_s, 0) + HANGS_S:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return False

    def _ended(self, status: int, took: float) -> dict[str, Any]:
        left, patience = group(self.pid), time.monotonic() + GONE_S_MAX
        while left and time.monotonic() < patience:  # who was told to end has a moment to do so
            time.sleep(0.01)
            left = group(self.pid)
        return {
            "number": self.number,
            "work": str(self.work),
            "code": os.waitstatus_to_exitcode(status),
            "out": self._out.read_text(errors="replace"),
            "err": self._err.read_text(errors="replace"),
            "took": took,
            "ending": took - self._sent if self._sent else 0.0,
            "left": left,
        }


def group(pid: int) -> list[str]:
    """The processes of a group."""
    try:
        os.killpg(pid, 0)
    except OSError:
        return []  # the quick way to know that there are none
    return [
        one.name for one in Path("/proc").iterdir() if one.name.isdigit() and group_of(one) == pid
    ]


def group_of(process: Path) -> int:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] == "Z" else int(fields[2])


def say(message: object) -> None:
    print(json.dumps(message), flush=True)


def heard() -> dict[str, Any]:
    """What comes next; the end of who asks is the end of this."""
    line = sys.stdin.readline()
    return dict(json.loads(line)) if line else sys.exit(0)


def carry_out(job: Job, place: str) -> None:
    """The undisturbed run, then all others, as many at a time as the job says."""
    rng = random.Random(job.seed)
    wide = len(job.envs) or job.wide
    length, number, slots, under_way = 0.0, 0, list(range(wide)), list[Run]()
    atexit.register(killed, under_way)  # however this ends, it leaves no fork behind
    while number <= job.times or under_way:
        alone = number == 1 and under_way
        while slots and number <= job.times and not alone:
            wait_s = rng.uniform(0, length) if number else job.endless_s or -1
            under_way.append(Run(job, number, place, wait_s, slots.pop()))
            alone = not number
            number += 1
        for run in list(under_way):
            if run.looked_at(say, heard):
                under_way.remove(run)
                slots.append(run.slot)
                if not run.number or not run.told["ending"]:
                    length = job.endless_s or run.told["took"]  # with everything in memory
                say(run.told)
        time.sleep(POLL_S)
    atexit.unregister(killed)


def killed(runs: list[Run]) -> None:
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


def main() -> None:
    place, *imports = sys.argv[1:]
    for name in imports:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a fork does not copy what it never changes
    while True:
        carry_out(Job(**heard()), place)
        say({})


if __name__ == "__main__":
    main()
