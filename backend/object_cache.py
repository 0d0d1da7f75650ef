"""Compiled modules that are kept on disk: the second compile of an unchanged module runs no pass and generates no code.

The key is a hash of everything that the object code depends on: the module's structure, names and locations (so that panics
and debug information name the right lines), the options, the processor, the versions of this package, of LLVM and of the
runtime, and the state of this package's own sources.

Example: ``key = key_of(module, options, frozenset())``, then ``cache.load(key)``.

Invariant: modules with one key are isomorphic (``fingerprint.py``). A module with operations that are declared or lowered
outside of this package has no key, since nobody knows what their code depends on.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from altru_ir.backend.fingerprint import fingerprint
from altru_ir.module import Module

if TYPE_CHECKING:
    from altru_ir.backend.library import Options

_OURS = "altru_ir."


def key_of(module: Module, options: Options, callbacks: frozenset[str]) -> str | None:
    """The key of the module's object code; None when it must not be kept."""
    from altru_ir.backend.lower.ops import LOWERINGS

    found = fingerprint(module)
    if found is None:
        return None
    structure, used = found
    for decl in used:
        lowering = LOWERINGS.get(decl.name)
        if not decl.declared_in.startswith(_OURS) or lowering is None or not lowering.__module__.startswith(_OURS):
            return None
    digest = hashlib.sha256(surroundings().encode())
    digest.update(repr((attrs.astuple(options), sorted(callbacks))).encode())
    digest.update(structure)
    return digest.hexdigest()


@cache
def surroundings() -> str:
    """What besides module and options decides what the code is."""
    import llvmlite
    import llvmlite.binding as llvm

    from altru_ir import __version__
    from altru_ir.runtime.build import source_hash

    features = llvm.get_host_cpu_features().flatten()
    versions = (__version__, llvmlite.__version__, llvm.llvm_version_info, source_hash())
    return repr((versions, llvm.get_host_cpu_name(), features, _state_of_sources()))


def _state_of_sources() -> list[tuple[str, int, int]]:
    """Name, time and size of each Python source of this package: whoever changes it compiles anew."""
    top = Path(__file__).resolve().parents[1]
    roots = [top / "altru_ir", top / "passes", top / "backend"] if (top / "altru_ir").is_dir() else [top]
    found = []
    for root in roots:
        for folder, _, files in os.walk(root):
            for name in files:
                if name.endswith((".py", ".h")):
                    status = os.stat(os.path.join(folder, name))
                    found.append((os.path.relpath(os.path.join(folder, name), top), status.st_mtime_ns, status.st_size))
    return sorted(found)
