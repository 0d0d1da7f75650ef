"""The floors hold: a floor imports only the floors below it, and each other house rule that an import can break.

Read with ``ast``, so an import inside a function counts as well; nothing is executed. Every rule is also shown a
planted violation, for a test that finds nothing may be a test that looks at nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"altru_ir", "passes", "backend", "runtime", "bench", "examples", "tests"}

FOLDERS = {
    "altru_ir": ROOT / "altru_ir",
    "passes": ROOT / "altru_ir" / "passes",
    "backend": ROOT / "altru_ir" / "backend",
    "runtime": ROOT / "altru_ir" / "runtime",
    "examples": ROOT / "examples",
    "bench": ROOT / "bench",
}
MAY_IMPORT = {
    "altru_ir": {"altru_ir"},
    "passes": {"passes", "altru_ir"},
    "backend": {"backend", "passes", "runtime", "altru_ir"},
    "runtime": {"runtime"},
    "examples": {"examples", "public"},
    "bench": {"bench", "examples", "backend", "passes", "runtime", "altru_ir", "public"},
}
WITHOUT_LLVM = {"altru_ir", "passes", "runtime", "examples"}
PUBLIC_MODULES = {"altru_ir", "altru_ir.passes", "altru_ir.backend", "altru_ir.runtime"}
"""What a front-end may name: these four, and what their ``__init__`` (or ``__all__``) gives; nothing deeper."""

COMMANDS = Path("backend", "cli")
BOUNDARY = COMMANDS.parent / "host" / "callbacks.py"
"""The one place that may catch everything: the function that reports an internal error with a reproducer."""


def sources(floor: str) -> Iterator[tuple[Path, str]]:
    """The Python files of a floor, each by its path from the root as the reader sees it, with its text."""
    folder = FOLDERS[floor]
    inner = {FOLDERS[name] for name in ("passes", "backend", "runtime")} - {folder}
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else ():
        if "__pycache__" not in path.parts and inner.isdisjoint(path.parents):
            yield Path(floor) / path.relative_to(folder), path.read_text(encoding="utf-8")


def module_name(path: Path) -> str:
    """``passes/cse.py`` is ``altru_ir.passes.cse``."""
    parts = list(path.with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    if parts[0] in ("passes", "backend", "runtime"):
        parts.insert(0, "altru_ir")
    return ".".join(parts)


def imports(path: Path, tree: ast.Module) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Each import as (line, absolute module, names taken from it); relative ones are made absolute."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield node.lineno, module, tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value, ()


def floor_of(module: str) -> str:
    """The floor a module of ours belongs to; empty for everybody else's."""
    parts = module.split(".")
    if parts[0] == "altru_ir" and len(parts) > 1 and parts[1] in ("passes", "backend", "runtime"):
        return parts[1]
    return parts[0] if parts[0] in OURS else ""


def import_problems(path: Path, text: str) -> list[str]:
    """What is wrong with the imports of one file, one line each."""
    floor = path.parts[0]
    problems = []
    for line, module, names in imports(path, ast.parse(text)):
        place = f"{path}:{line}:"
        if module.split(".")[0] == "llvmlite" and floor in WITHOUT_LLVM:
            problems.append(f"{place} `{module}`: LLVM belongs to backend/")
        if module.split(".")[0] in ("passes", "backend", "runtime"):
            problems.append(f"{place} `{module}`: write `altru_ir.{module}`")
            continue
        # `from altru_ir import passes` names a floor, `from altru_ir import parse` what altru_ir offers.
        reached = {floor_of(f"{module}.{name}") for name in names} or {floor_of(module)}
        for other in sorted(reached - {""}):
            public = "public" in MAY_IMPORT[floor] and module in PUBLIC_MODULES
            if other not in MAY_IMPORT[floor] and not public:
                problems.append(f"{place} `{module}`: {floor} does not import from {other}")
    return problems


def catch_all_handlers(text: str) -> list[tuple[int, str]]:
    """Each ``except:``, ``except Exception`` or ``except BaseException`` as (line, enclosing function)."""
    found: list[tuple[int, str]] = []
    todo: list[tuple[ast.AST, str]] = [(ast.parse(text), "")]
    while todo:
        node, function = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {c.attr if isinstance(c, ast.Attribute) else getattr(c, "id", "") for c in caught if c is not None}
            if node.type is None or names & {"Exception", "BaseException"}:
                found.append((node.lineno, function))
        todo.extend((child, function) for child in ast.iter_child_nodes(node))
    return sorted(found)


@pytest.mark.parametrize("floor", FOLDERS)
def test_a_floor_imports_only_the_floors_below_it(floor: str) -> None:
    problems = [problem for path, text in sources(floor) for problem in import_problems(path, text)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("floor", ["altru_ir", "passes", "backend", "runtime"])
def test_a_floor_has_files(floor: str) -> None:
    assert list(sources(floor))


def test_only_the_reporter_of_internal_errors_catches_everything() -> None:
    allowed = set()
    for floor in FOLDERS:
        for path, text in sources(floor):
            for line, function in catch_all_handlers(text):
                if path == BOUNDARY:  # what a callable raises must not reach the frames of compiled code, whatever it is
                    continue
                assert path.is_relative_to(COMMANDS), f"{path}:{line}: name what is caught"
                allowed.add((path, function))
    assert len(allowed) <= 1, f"one function may catch everything, these do: {sorted(allowed)}"


def test_the_links_are_relative() -> None:
    for name in ("passes", "backend", "runtime"):
        link = ROOT / "altru_ir" / name
        if link.is_symlink():  # in an unpacked source archive it is a folder
            assert link.readlink() == Path("..", name)


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("altru_ir/a.py", "from altru_ir.passes.manager import run", "altru_ir does not import from passes"),
        ("altru_ir/a.py", "def f():\n    from altru_ir import backend", "altru_ir does not import from backend"),
        ("altru_ir/text/a.py", "from ..runtime import build", "altru_ir does not import from runtime"),
        (
            "altru_ir/a.py",
            "import importlib\nimportlib.import_module('altru_ir.passes')",
            "does not import from passes",
        ),
        ("altru_ir/a.py", "import llvmlite.binding as llvm", "LLVM belongs to backend/"),
        ("passes/transform/a.py", "from llvmlite import ir", "LLVM belongs to backend/"),
        ("passes/transform/a.py", "from altru_ir.backend.lower import types", "passes does not import from backend"),
        ("passes/a.py", "from passes.manager import run", "write `altru_ir.passes.manager`"),
        ("backend/a.py", "import runtime.build", "write `altru_ir.runtime.build`"),
        ("backend/a.py", "from bench import run", "backend does not import from bench"),
        ("runtime/a.py", "from altru_ir.types import Type", "runtime does not import from altru_ir"),
        ("runtime/a.py", "from .. import types", "runtime does not import from altru_ir"),
        ("examples/c/a.py", "from altru_ir.text.parser import Parser", "examples does not import from altru_ir"),
        ("examples/c/a.py", "from altru_ir.backend.lower.ops import lower", "examples does not import from backend"),
        ("bench/a.py", "from tests.soak import run", "bench does not import from tests"),
    ],
)
def test_a_planted_import_is_seen(path: str, text: str, complaint: str) -> None:
    (problem,) = import_problems(Path(path), text)
    assert complaint in problem


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("altru_ir/text/a.py", "from altru_ir.types import Type\nfrom . import spelling\nfrom ..values import Value"),
        ("passes/__init__.py", "from .manager import run\nfrom altru_ir.passes.registry import names"),
        ("backend/a.py", "import llvmlite.binding\nfrom altru_ir import passes\nfrom altru_ir.runtime.build import x"),
        ("runtime/a.py", "import os\nfrom altru_ir.runtime import load\nfrom . import build"),
        ("examples/c/a.py", "import altru_ir as air\nfrom altru_ir import backend\nfrom examples.c import parser"),
        ("bench/a.py", "from altru_ir.backend.lower import ops\nfrom examples.c import parser\nimport llvmlite"),
    ],
)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    assert import_problems(Path(path), text) == []


@pytest.mark.parametrize("clause", ["except:", "except Exception:", "except (OSError, BaseException) as e:"])
def test_a_planted_catch_all_is_seen(clause: str) -> None:
    text = f"def f():\n    try:\n        g()\n    {clause}\n        pass\n"
    assert catch_all_handlers(text) == [(4, "f")]
    assert catch_all_handlers(text.replace(clause, "except (OSError, ValueError):")) == []
