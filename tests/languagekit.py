"""Kit: which of a text is English, which Chinese, and every sentence that a package's source says.

What a Chinese trader reads in Latin letters all the same: names of commands, options, fields,
files, ids, OKX's own terms and units. None of it is a sentence: two words of lower-case letters
beside each other are English.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]")
_WORDS = re.compile(r"(?<![\w./@=$'\"{-])[A-Za-z][a-z]+(?: +[a-z]{2,}(?![\w./=(-]))+")
_TERMS = re.compile(
    r"\b(?:cross|isolated)(?: (?:net|long|short))?\b|prometheus-(?:persist|chaos)(?: [a-z-]+)*"
    r"|(?:python -m )?fakeokx(?:\.cli)?(?: [a-z-]+)*|pip install|--?[a-z][a-z-]*(?: [a-z]+)?"
    r"|pid \d+|inode|in_flight"
)


def english(text: str) -> list[str]:
    """What of a text is English: two words in a row, or one that ends a sentence."""
    return _WORDS.findall(_TERMS.sub(" § ", text))


def template(node: ast.AST) -> str | None:
    """The text of a string, with ``{code}`` where a value stands; None for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value
            if isinstance(part, ast.Constant)
            else "{" + ast.unparse(part.value).replace("{", "(").replace("}", ")") + "}"
            for part in node.values
            if isinstance(part, (ast.Constant, ast.FormattedValue))
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = template(node.left), template(node.right)
        if sides == (None, None):
            return None
        return "".join(
            side if side is not None else "{" + ast.unparse(of).replace("{", "(") + "}"
            for side, of in zip(sides, (node.left, node.right), strict=True)
        )
    return None


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Every text of a module that could be a sentence: line, template. No docstrings, no helps,
    no assertions."""
    tree = ast.parse(source)
    skipped = {
        id(inner) for node in ast.walk(tree) for part in _not_said(node) for inner in ast.walk(part)
    }

    def visit(node: ast.AST) -> Iterator[tuple[int, str]]:
        if id(node) in skipped:
            return
        found = template(node)
        if found is not None:
            if "  " not in found.strip() and len(found) < 600:
                yield node.lineno, found  # type: ignore[attr-defined]
            values = [one.value for one in getattr(node, "values", ()) if hasattr(one, "value")]
            for value in values:
                if isinstance(value, ast.AST):
                    yield from visit(value)
            return
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    yield from visit(tree)


def _not_said(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return [node.value]
    if isinstance(node, ast.keyword) and node.arg in ("help", "epilog", "description"):
        return [node.value]
    if isinstance(node, ast.Assert) and node.msg is not None:
        return [node.msg]
    return []


def modules(package: str) -> list[Path]:
    """The modules of a package, without its catalogues."""
    found = sorted((ROOT / package).rglob("*.py"))
    return [path for path in found if not {"words", "docs"} & set(path.parts)]
