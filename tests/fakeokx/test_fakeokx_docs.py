"""README and code agree; sizes and purity are kept; every public call of the README runs."""

import ast
import re
from pathlib import Path

import pytest

import fakeokx
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
