"""What the command loads: nobody waits for what is not used. Modules are counted, not milliseconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """altru 1
module @m
func @main() -> i32 {
^entry:
  %zero = const 0 : i32
  ret %zero
}
"""


def loaded(*arguments: str) -> set[str]:
    """The modules of a process that has run ``altru-opt`` with the arguments."""
    script = (
        "import sys; from altru_ir.backend.cli import main; status = main();"
        "print(*sys.modules, sep='\\n', file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.split())


def test_help() -> None:
    modules = loaded("--help")
    ours = {name for name in modules if name.split(".")[0] == "altru_ir"}
    assert ours == {"altru_ir", "altru_ir.backend", "altru_ir.backend.cli", "altru_ir.backend.cli.options"}
    assert not modules & {"llvmlite", "networkx", "attr", "tempfile", "inspect", "pathlib"}
    assert len(modules) < len(loaded("--version")) - 15


def test_printing_needs_neither_llvm_nor_passes(tmp_path: Path) -> None:
    file = tmp_path / "m.air"
    file.write_text(PROGRAM)
    modules = loaded(str(file))
    assert "altru_ir.verifier" in modules
    heavy = {"llvmlite", "networkx", "ctypes", "altru_ir.builder", "altru_ir.backend.jit", "altru_ir.backend.interpreter"}
    assert not modules & heavy
    assert not modules & {"altru_ir.passes", "altru_ir.render.terminal", "importlib.metadata", "json", "logging"}
    assert "llvmlite" in loaded(str(file), "--emit=llvm")


def test_the_interpreter_needs_no_llvm(tmp_path: Path) -> None:
    file = tmp_path / "m.air"
    file.write_text(PROGRAM.replace("@main", "@f"))
    modules = loaded(str(file), "--interpret", "--entry", "f")
    assert "altru_ir.backend.interpreter.machine" in modules
    assert not modules & {"llvmlite", "networkx"}
