"""Executables: our object, the static runtime and the platform's linker.

Example: ``link_executable(object_bytes, Path("a.out"), target="x86_64-linux-gnu")``.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.runtime import build
from altru_ir.runtime.toolchain import unwinder


def link_executable(
    object_code: bytes,
    path: Path,
    *,
    target: str,
    libraries: list[str] | None = None,
    directories: list[str] | None = None,
) -> None:
    """Writes an executable to ``path``, whole or not at all.

    Parameters: ``libraries`` and ``directories`` as for ``-l`` and ``-L``. Raises ``DiagnosticError`` (what the linker
    said) and ``RuntimeBuildError``.
    """
    command = build.compiler(target)
    runtime = build.static_library(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".altru-link-") as scratch:
        code = Path(scratch) / "program.o"
        code.write_bytes(object_code)
        made = Path(scratch) / "program"
        line = [*command, "-o", str(made), str(code), str(runtime)]
        line += [f"-L{d}" for d in directories or []] + [f"-l{name}" for name in libraries or []]
        line += ["-lm", "-lpthread", *unwinder(target)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip() or f"exit status {done.returncode}"
            raise DiagnosticError([Diagnostic("ALT-S004", f"linking failed: `{shlex.join(line[:1])}` said\n{said}")])
        os.replace(made, path)
