"""The tests of hosts, graphs, state and journal on the other Pythons that this machine has.

Each is looked for on the path and among pyenv's versions, and gets an environment of its own, once,
in the user's cache: pip installs by name what these tests need, at the versions that are pinned.
The library itself is this tree. Where there is no such Python, or pip cannot install, it is a skip.

Played is a sample: what is quick, and ``test_attach.py`` but for its long kills. With
``PYTHONS_FULL`` set it is every test of these files, some minutes a version:
``PYTHONS_FULL=1 pytest -n0 tests/prometheus_persist/test_attach_pythons.py``.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PINS = ROOT / ".ci" / "pins.txt"
VERSIONS = ("3.11", "3.12", "3.13")
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
NEEDED = (
    "hypothesis",
    "jinja2",
    "numpy",
    "orjson",
    "pydantic",
    "pytest",
    "pytest-timeout",
    "rich",
    "typer",
)
FULL = "PYTHONS_FULL" in os.environ
HOSTS = ("test_attach.py", "test_attach_cut.py", "test_attach_views.py")
CORE = ("test_graph_*.py", "test_state_*.py", "test_journal_*.py")
LONG = "test_the_host_goes_on_as_if_it_had_never_been_killed"
BUILD_S, PLAY_S = 1200, 1500
TESTS_MIN = 150

pytestmark = pytest.mark.timeout(BUILD_S + 2 * PLAY_S)


def interpreter(version: str) -> Path:
    """A Python of this version that starts."""
    own = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = shutil.which(f"python{version}")
    found = [*([Path(named)] if named else []), *sorted(own.glob(f"{version}.*/bin/python"))]
    told = "import sys; print('%d.%d' % sys.version_info[:2])"
    for each in found:
        said = subprocess.run([each, "-c", told], capture_output=True, text=True)
        if said.stdout.strip() == version:  # a shim of pyenv may be there, and start nothing
            return each
    pytest.skip(f"no Python {version} on the path or among pyenv's versions")


def environment(version: str) -> Path:
    """The interpreter of the environment that is kept for this version."""
    base = interpreter(version)
    what = hashlib.sha256("\n".join([PINS.read_text(), str(base), *NEEDED]).encode())
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "prometheus-persist"
    kept = cache / f"python-{version}-{what.hexdigest()[:12]}"
    python = Path("bin", "python")
    if not (kept / python).exists():
        made = kept.with_name(f"{kept.name}.{os.getpid()}")
        asked = [made / python, "-m", "pip", "install", "-q", "-c", PINS, *NEEDED]
        try:
            for command in ([base, "-m", "venv", made], asked):
                done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S)
                if done.returncode:
                    last = done.stderr.strip().splitlines()[-1:]
                    pytest.skip(f"no environment for Python {version}: {last}")
            if not kept.exists():
                made.rename(kept)
        except subprocess.TimeoutExpired:
            pytest.skip(f"no environment for Python {version} within {BUILD_S} s")
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return kept / python


def played(python: Path, files: list[Path], *options: str, path: Path = ROOT) -> tuple[int, str]:
    """What pytest there comes to: its exit code, and what it prints."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env["PYTHONPATH"] = os.pathsep.join(map(str, dict.fromkeys([path, ROOT])))
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
    done = subprocess.run(
        [*command, *options, *files], cwd=ROOT, env=env, capture_output=True, text=True,
        timeout=PLAY_S,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def core() -> list[Path]:
    return sorted(each for pattern in CORE for each in HERE.glob(pattern))


@pytest.mark.parametrize("version", [each for each in VERSIONS if each != OWN])
def test_hosts_graphs_state_and_journal_on_another_python(version: str) -> None:
    python = environment(version)
    hosts = [HERE / name for name in HOSTS]
    runs = [
        (hosts, [] if FULL else ["-k", f"not {LONG}"]),
        (core(), [] if FULL else ["-m", "quick"]),
    ]
    passed = 0
    for files, options in runs:
        code, said = played(python, files, *options)
        assert code == 0, said[-4000:]
        passed += sum(map(int, re.findall(r"(\d+) passed", said)))
    assert passed >= TESTS_MIN, f"{passed} tests only"


def test_a_break_is_seen_on_another_python(tmp_path: Path) -> None:
    """A mistake that is planted there, and not here."""
    others = (each for each in VERSIONS if each != OWN)
    python = environment(next(others))
    plants = """
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import planted
planting = planted(HOSTED["float64-demoted"])
planting.__enter__()
"""
    (tmp_path / "plants.py").write_text(plants)
    files = [HERE / "test_graph_values.py"]
    code, said = played(python, files, "-p", "plants", path=tmp_path)
    assert code == 1, said[-4000:]
    assert "float64" in said
    code, said = played(python, files, path=tmp_path)
    assert code == 0, said[-4000:]
