"""README and code agree; sizes and purity are kept; every public call of the README runs."""

import ast
import contextlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import fakeokx
from fakeokx import Control
from fakeokx.cli.ctl import ctl
from fakeokx.control import api as control_api
from fakeokx.process import coverage
from fakeokx.rest.reads import READS
from fakeokx.rest.writes import WRITES
from fakeokx.wire.endpoints import ENDPOINTS

HOME = Path(fakeokx.__file__).parent
README = (HOME / "README.md").read_text(encoding="utf-8")
SOURCES = sorted(HOME.rglob("*.py"))
TABLES = {name: table() for name, table in coverage.TABLES.items()}
PURE = ("engine", "wire", "faults", "stream")
LINES_MAX = 310
FUNCTION_LINES_MAX = 70


@pytest.mark.parametrize(("name", "generated"), sorted(TABLES.items()))
def test_the_tables_are_the_generated_ones(name: str, generated: str) -> None:
    found = re.search(rf"<!-- {name} -->\n(.*)\n<!-- /{name} -->", README, re.DOTALL)
    assert found is not None
    assert found.group(1) == generated


def test_every_endpoint_has_its_handler_and_no_handler_is_idle() -> None:
    table = {(each.method, each.path) for each in ENDPOINTS}
    assert table == {("GET", path) for path in READS} | {("POST", path) for path in WRITES}


def test_control_requests_are_documented() -> None:
    for method, path in control_api.HANDLERS:
        assert f"| {method} {path} |" in README


def test_every_request_of_the_control_api_has_a_method_and_a_command() -> None:
    """As the README says; but for what only the page on / asks, and a few that share a command."""
    asked: set[tuple[str, str]] = set()

    class Asking(Control):
        def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
            asked.add((method, path))
            raise LookupError(path)

    client = Asking("http://127.0.0.1:1")
    for name, method in inspect.getmembers(client, inspect.ismethod):
        needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
        words = ["1" for each in needed if each.kind is each.POSITIONAL_OR_KEYWORD]
        for changes in ({}, {"ping_ms": 1}) if name == "streams" else ({},):
            if not name.startswith("_"):
                with contextlib.suppress(LookupError):
                    method(*words, **changes)
    assert control_api.HANDLERS.keys() - asked == {("POST", "overview")}
    assert asked <= control_api.HANDLERS.keys()
    shared = {"clock": "advance", "switches": "switch", "accounts": "account", "keys": "key"}
    shared |= {"foreign-clear": "foreign"}
    paths = {shared.get(path, path) for _, path in control_api.HANDLERS}
    assert paths - {"overview", "health"} == set(get_command(ctl).commands)


def test_the_python_examples_of_the_readme_run() -> None:
    pytest.importorskip("ccxt")
    launching, trading = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[:2]
    body = "".join(f"    {line}\n" for line in trading.splitlines() if "import" not in line)
    session = f"import ccxt\n{launching}with fakeokx.launch() as venue:\n{body}"
    shown: list[str] = []
    exec(session, {"print": shown.append})
    assert shown == ["1.5"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HOME)))
def test_modules_and_functions_stay_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "the header is the specification"
    assert len(text.splitlines()) <= LINES_MAX
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not path.name.startswith("render_"):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize("folder", PURE)
def test_pure_folders_say_so_and_open_nothing(folder: str) -> None:
    header = ast.get_docstring(ast.parse((HOME / folder / "__init__.py").read_text()))
    assert header is not None
    assert header.startswith("Pure.")
    for path in (HOME / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            assert not (is_call and node.func.id in ("open", "print", "input")), path  # type: ignore[attr-defined]
