"""The four walks of CONTRIBUTING, walked: in a copy of the tree, by its own commands.

An edit is a file, a text that is in it once, and what stands there afterwards. Where the text has
gone, the walk's example has to follow. What a walk changes has to be what CONTRIBUTING says that it
changes; its commands are the ones that are printed there, and without the last edit one of them
fails.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from chaos.saboteurs.host_books import HOST_BOOKS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import LATE, SHARED, SWEPT
from chaos.saboteurs.struck import STRUCK

ROOT = Path(__file__).parents[1]
PARTS = ("prometheus_persist", "fakeokx", "chaos", "tests", ".github", ".ci")
FILES = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-config.yaml")
PROGRAMS = {
    "pytest": ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
    "prometheus-chaos": ("-m", "chaos.cli"),
    "python": (),
}
STRIKES = "--saboteur"  # such a command has to fail
EXAMPLE, OWN = "lock-released-first", "lock-shared"
PLANTED = sum(map(len, (SWEPT, LATE, SHARED, STRUCK, HOSTED, HOST_BOOKS)))

pytestmark = pytest.mark.timeout(600)


class Edit(NamedTuple):
    path: str
    old: str
    new: str


ENDPOINT = (
    Edit(
        "fakeokx/wire/endpoints.py",
        '    _public("public/position-tiers"',
        '    _public("public/open-interest", "read_interest", "none is counted", 20),\n'
        '    _public("public/position-tiers"',
    ),
    Edit(
        "fakeokx/rest/reads_public.py",
        "READS: Final",
        "def _open_interest(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:\n"
        '    queries.required(query, "instType")\n'
        '    row = {"oi": "0", "ts": str(runtime.exchange.now_ms())}\n'
        "    found = queries.of_type(query, runtime.exchange.venue)\n"
        '    return [{"instId": each.inst_id, **row} for each in found]\n\n\n'
        "READS: Final",
    ),
    Edit(
        "fakeokx/rest/reads_public.py",
        '    "public/position-tiers": _position_tiers,\n',
        '    "public/position-tiers": _position_tiers,\n'
        '    "public/open-interest": _open_interest,\n',
    ),
    Edit(
        "tests/fakeokx/test_fakeokx_server_endpoints.py",
        '    "public/time": "ts",\n',
        '    "public/time": "ts",\n    "public/open-interest?instType=SWAP": "instId oi ts",\n',
    ),
    Edit(
        "fakeokx/README.md",
        "| GET | `public/position-tiers`",
        "| GET | `public/open-interest` | no | none is counted |\n| GET | `public/position-tiers`",
    ),
)
FINDING = (
    Edit(
        "prometheus_persist/reconcile/findings/dead_agents.py",
        "    return [one for one in found if not is_known(books.state.freeze, one)]\n",
        "    found += [\n"
        "        finding(\n"
        '            "dead_order", Case.H, Resolution.ORPHAN, agent_id=intent.agent_id,\n'
        '            params={"cl_ord_id": name, "inst_id": intent.inst_id},\n'
        '            evidence=[Evidence("agent", intent.agent_id, {"state": "DEAD"})],\n'
        "            corrections=lambda one, inst=intent.inst_id: (\n"
        "                FreezeInstrument(inst, REASON, one),\n"
        "            ),\n"
        "        )\n"
        "        for name, intent in sorted(books.state.intents.items())\n"
        "        if intent.agent_id in dead and name not in settled\n"
        "        and not any(after.held(intent.agent_id, key) for key in after.held_keys())\n"
        "    ]\n"
        "    return [one for one in found if not is_known(books.state.freeze, one)]\n",
    ),
    Edit(
        "prometheus_persist/reconcile/finding.py",
        '    "dead_holder": (',
        '    "dead_order": ("what.dead_order", "cause.agent_dead", "remedy.dead_frozen"),\n'
        '    "dead_holder": (',
    ),
    Edit(
        "prometheus_persist/words/findings.py",
        '    "what.dead_holder": (',
        '    "what.dead_order": (\n'
        '        "已死亡的Agent的订单{cl_ord_id}（{inst_id}）仍未结束",\n'
        '        "order {cl_ord_id} ({inst_id}) of a dead agent is still open",\n'
        "    ),\n"
        '    "what.dead_holder": (',
    ),
    Edit(
        "tests/prometheus_persist/test_reconcile_cases.py",
        '    Row("near H: dead, and flat"',
        '    Row("H its order", steps(lambda w: w.rest("A", "buy", 5), dead), (("H", O, "A"),)),\n'
        '    Row("near H: dead, and flat"',
    ),
)
FAULT = (
    Edit("chaos/faults/files.py", '"scribble", "delete"]', '"scribble", "swell", "delete"]'),
    Edit(
        "chaos/faults/files.py",
        '    if damage.kind == "zero":\n',
        '    if damage.kind == "swell":\n'
        '        return len(before), before + b"x" * _TAIL_BYTES\n'
        '    if damage.kind == "zero":\n',
    ),
    Edit(
        "chaos/scenarios/table.py",
        '            Spoil("snapshots/*.zip", "truncate"),\n',
        '            Spoil("snapshots/*.zip", "truncate"),\n'
        "            _AFTER,\n"
        '            Spoil("snapshots/*.zip", "swell"),\n',
    ),
    Edit("tests/chaos/test_chaos_faults.py", '"zero", "scribble"]', '"zero", "scribble", "swell"]'),
)
SABOTEUR = (
    Edit(
        "chaos/saboteurs/planted.py",
        f'    "{EXAMPLE}": Mistake(',
        f'    "{OWN}": Mistake(\n'
        '        "storage.lock:_locked", "LOCK_EX", "LOCK_SH",\n'
        '        "save", "open", "fsync incremental/journal", "two writers",\n'
        "    ),\n"
        f'    "{EXAMPLE}": Mistake(',
    ),
    Edit("tests/promises.md", f"`{EXAMPLE}`", f"`{EXAMPLE}`, `{OWN}`"),
    Edit("chaos/README.md", f" {PLANTED} planted", f" {PLANTED + 1} planted"),
)
WALKS = {1: ENDPOINT, 2: FINDING, 3: FAULT, 4: SABOTEUR}


def page_of(walk: int) -> str:
    """The section of CONTRIBUTING."""
    page = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
    return page.partition(f"\n## Walk {walk}: ")[2].partition("\n## ")[0]


def copy_of_the_tree(place: Path) -> None:
    """With what is compiled of it: that is good for a file of the same size and time."""
    unwanted = shutil.ignore_patterns("*-pytest-*.pyc", "*.pyc.*", ".*_cache", ".hypothesis")
    for name in PARTS:
        shutil.copytree(ROOT / name, place / name, ignore=unwanted)
        if kept := os.environ.get("PYTHONPYCACHEPREFIX"):
            compiled, beside = (Path(kept, *each.parts[1:]) for each in (ROOT / name, place / name))
            if compiled.is_dir():
                shutil.copytree(compiled, beside, ignore=unwanted, dirs_exist_ok=True)
    for name in FILES:
        shutil.copy(ROOT / name, place / name)


def carry_out(edit: Edit, place: Path) -> None:
    path = place / edit.path
    text = path.read_text("utf-8")
    assert text.count(edit.old) == 1, f"the walk's example has to follow {edit.path}"
    path.write_text(text.replace(edit.old, edit.new), "utf-8")


def run(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    """A command of the page in the copy, and nothing of the session around it."""
    program, *words = shlex.split(command.replace(EXAMPLE, OWN))
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, *PROGRAMS[program], *words],
        cwd=place,
        env={**env, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
    )


def ends_well(command: str, place: Path) -> str:
    """What went wrong, "" where nothing did."""
    done = run(command, place)
    due = 1 if STRIKES in command else 0
    return (
        "" if done.returncode == due else f"{command}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
    )


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_leads_where_the_page_says(walk: int, tmp_path: Path) -> None:
    page, edits = page_of(walk), WALKS[walk]
    due = re.findall(r"^\d\. `([^`]+)`", page, re.MULTILINE)
    assert list(dict.fromkeys(edit.path for edit in edits)) == due
    commands = re.search(r"```console\n(.*?)```", page, re.DOTALL)
    assert commands is not None
    lines = commands.group(1).splitlines()

    copy_of_the_tree(tmp_path)
    *first, last = edits
    for edit in first:
        carry_out(edit, tmp_path)
    checks = [line for line in lines if line.startswith("pytest")]
    if walk != 3:  # a fault that no test knows is still a fault
        assert any(ends_well(line, tmp_path) for line in checks), "half a walk goes unnoticed"
    carry_out(last, tmp_path)
    assert [told for line in lines if (told := ends_well(line, tmp_path))] == []
