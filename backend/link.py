"""Executables and libraries: our object, the runtime and the platform's linker.

Example: ``link(object_bytes, Path("a.out"), target="x86_64-linux-gnu", shared=False, module=m, libraries=[], directories=[])``.

An executable holds the static runtime; a shared library needs the shared one, for two copies in a process would be two heaps;
a static library holds only its own code, and who links it adds `python -m altru_ir.runtime --libs`.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from altru_ir.backend.files import is_taken, naming
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.module import Module
from altru_ir.runtime import build, cache, toolchain

_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:?) [`'\"]?([^`'\"\n]+)")


def link(
    object_code: bytes,
    path: Path,
    *,
    target: str,
    shared: bool,
    module: Module,
    libraries: list[str],
    directories: list[str],
) -> None:
    """Writes an executable or a shared library to ``path``, whole or not at all.

    Parameters: ``libraries`` and ``directories`` as for ``-l`` and ``-L``; ``module``, whose declarations are named when nobody
    defines them. Raises ``DiagnosticError`` (else what the linker said), ``RuntimeBuildError`` and ``OSError``.
    """
    command = build.compiler(target)
    runtime = _shared_runtime(target) if shared else build.static_library(target)
    with naming(path), _beside(path) as scratch:
        code = Path(scratch) / "program.o"
        code.write_bytes(object_code)
        made = Path(scratch) / "program"
        line = [*command, "-o", str(made), str(code)]
        if shared:
            line += ["-shared", f"-Wl,-soname,{path.name}", "-Wl,-z,defs", f"-Wl,-rpath,{runtime.parent}"]
        line.append(str(runtime))
        line += [f"-L{d}" for d in directories] + [f"-l{name}" for name in libraries]
        line += ["-lm", "-lpthread", *toolchain.unwinder(target)]
        done = subprocess.run(line, capture_output=True, text=True, errors="replace", check=False, env=_plain())
        if done.returncode or not made.exists():
            raise DiagnosticError(_problems(done.stderr, done.returncode, line[:1], module), module.source)
        _put(made, path)


def make_archive(object_code: bytes, path: Path, *, target: str) -> None:
    """Writes a static library to ``path``, whole or not at all. Raises ``RuntimeBuildError`` and ``OSError``."""
    with naming(path), _beside(path) as scratch:
        name = f"{path.stem.removeprefix('lib')}.o"
        (Path(scratch) / name).write_bytes(object_code)
        toolchain.run([*toolchain.archiver(target), "rcsD", "library.a", name], Path(scratch))
        _put(Path(scratch) / "library.a", path)


def _beside(path: Path) -> tempfile.TemporaryDirectory[str]:
    """A directory from which a file can be renamed to ``path``. Raises ``OSError``."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=None if is_taken(path) else path.parent, prefix=".altru-link-")


def _put(made: Path, path: Path) -> None:
    if is_taken(path):
        path.write_bytes(made.read_bytes())
    else:
        os.replace(made, path)


def _shared_runtime(target: str) -> Path:
    """The shared runtime that a library will find again. Raises ``RuntimeBuildError``."""
    if not toolchain.is_host(target):
        raise build.RuntimeBuildError(
            f"a shared library needs the shared runtime, which is built for this machine only, not for {target}. Emit a static "
            "library (--emit=static) and link it there",
            "ALT-S003",
        )
    runtime = build.shared_library()
    if cache.is_temporary(runtime):
        raise build.RuntimeBuildError(
            f"the runtime's cache is not usable, because {cache.refusal()}; and a shared library would not find a runtime that "
            "is gone when this process ends. Set ALTRU_CACHE_DIR to a directory of yours with mode 0700"
        )
    return runtime


def _plain() -> dict[str, str]:
    """Our environment, with a linker that speaks the language in which its messages are read."""
    return {**os.environ, "LC_ALL": "C"}


def _problems(said: str, status: int, command: list[str], module: Module) -> list[Diagnostic]:
    """A diagnostic for each declaration that nobody defines, else what the linker said."""
    found: dict[str, Diagnostic] = {}
    for name in _UNDEFINED.findall(said):
        function, variable = module.functions.get(name), module.globals.get(name)
        declared = function if function is not None else variable
        if declared is not None:
            message = f"@{name} is declared here but defined nowhere: link its library with -l"
            found[name] = Diagnostic("ALT-S004", message, declared.location, function=name if function is not None else None)
    if found:
        return list(found.values())
    told = said.strip() or f"exit status {status}"
    return [Diagnostic("ALT-S004", f"linking failed: `{shlex.join(command)}` said\n{told}")]


__all__ = ["link", "make_archive"]
