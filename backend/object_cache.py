"""Compiled modules that are kept on disk: the second compile of an unchanged module runs no pass and generates no code.

The key is a hash of everything that the object code depends on: the module's structure, names and locations (so that panics
and debug information name the right lines), the options, the processor, the versions of this package, of LLVM and of the
runtime, and the state of this package's own sources. A module is hashed without being printed: lists of all operands,
results, types and so on are taken from it by functions written in C, and a value is the place where it is defined.

Example: ``key = key_of(module, options, frozenset())``, then ``cache.load(key)``.

Invariant: modules with one key are isomorphic. A module with operations that are declared or lowered outside of this package
has no key, since nobody knows what their code depends on.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable
from functools import cache
from itertools import chain, count
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from altru_ir.module import Function, Module
from altru_ir.values import Operation, Successor

if TYPE_CHECKING:
    from altru_ir.backend.library import Options

_OURS = "altru_ir."


def key_of(module: Module, options: Options, callbacks: frozenset[str]) -> str | None:
    """The key of the module's object code; None when it must not be kept."""
    from altru_ir.backend.lower.ops import LOWERINGS

    operations = _operations(module)
    used = set(map(attrgetter("decl"), operations))
    for decl in used:
        lowering = LOWERINGS.get(decl.name)
        if not decl.declared_in.startswith(_OURS) or lowering is None or not lowering.__module__.startswith(_OURS):
            return None
    digest = hashlib.sha256(_surroundings().encode())
    told = (options.opt, options.checks, options.panic, options.target, options.cpu, options.debug, sorted(callbacks))
    digest.update(repr(told).encode())
    structure = fingerprint(module, operations)
    if structure is None:
        return None
    digest.update(structure)
    return digest.hexdigest()


@cache
def _surroundings() -> str:
    """What besides module and options decides what the code is."""
    import llvmlite
    import llvmlite.binding as llvm

    from altru_ir import __version__
    from altru_ir.runtime.build import source_hash

    features = llvm.get_host_cpu_features().flatten()
    versions = (__version__, llvmlite.__version__, llvm.llvm_version_info, source_hash())
    return repr((versions, llvm.get_host_cpu_name(), features, _sources()))


def _sources() -> list[tuple[str, int, int]]:
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


def _operations(module: Module) -> list[Operation]:
    return list(chain.from_iterable(map(attrgetter("ops"), _blocks(module))))


def _blocks(module: Module) -> list[Any]:
    return list(chain.from_iterable(map(attrgetter("blocks"), module.functions.values())))


def _flat(lists: Iterable[Any]) -> tuple[list[Any], bytes]:
    """What several lists hold, and their lengths."""
    kept = list(lists)
    return list(chain.from_iterable(kept)), array("q", map(len, kept)).tobytes()


def fingerprint(module: Module, operations: list[Operation] | None = None) -> bytes | None:
    """A hash that two modules share exactly when they are the same but for the identity of their objects.

    None for a module that defines a value twice, or uses one or a block that it does not define.
    """
    functions = list(module.functions.values())
    blocks = _blocks(module)
    ops = _operations(module) if operations is None else operations
    successors: list[Successor]
    successors, edges = _flat(map(attrgetter("successors"), ops))
    parameters, a = _flat(map(attrgetter("parameters"), functions))
    arguments, b = _flat(map(attrgetter("args"), blocks))
    results, c = _flat(map(attrgetter("results"), ops))
    operands, d = _flat(map(attrgetter("operands"), ops))
    passed, e = _flat(map(attrgetter("args"), successors))
    defined = parameters + arguments + results
    values = dict(zip(map(id, defined), count()))
    places = {**dict(zip(map(id, blocks), count())), id(None): -1}
    targets = chain(map(attrgetter("block"), successors), map(attrgetter("unwind"), blocks))
    try:
        used = array("q", map(values.__getitem__, map(id, chain(operands, passed))))
        aims = array("q", map(places.__getitem__, map(id, targets)))
    except KeyError:
        return None
    if len(values) != len(defined):
        return None
    types = list(map(attrgetter("type"), defined))
    texts = dict(zip(dict.fromkeys(types), count()))
    declarations = list(map(attrgetter("decl"), ops))
    names = dict(zip(dict.fromkeys(declarations), count()))
    digest = hashlib.sha256()
    parts: list[Any] = [
        module.name, module.target, _spelled(module.attributes), _declarations(module), list(map(_HEAD, functions)),
        list(texts), [decl.name for decl in names], list(map(attrgetter("name"), defined)),
        *_attributes(list(map(attrgetter("attrs"), ops))), *_attributes(list(map(attrgetter("attributes"), functions))),
        [(i, type(s.case).__name__, s.case) for i, s in enumerate(successors) if s.case is not None],
        list(map(attrgetter("label"), blocks)), *_locations(functions, ops),
    ]  # fmt: skip
    for part in parts:
        digest.update(repr(part).encode("utf-8", "surrogatepass"))
    shape = (
        edges, a, b, c, d, e, _flat(map(attrgetter("blocks"), functions))[1], _flat(map(attrgetter("ops"), blocks))[1],
        bytes(map(attrgetter("unsafe"), ops)), used.tobytes(), aims.tobytes(),
        array("q", map(texts.__getitem__, types)).tobytes(),
        array("q", map(names.__getitem__, declarations)).tobytes(),
    )  # fmt: skip
    for data in shape:
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()


def _spelled(values: dict[str, Any]) -> tuple[Any, ...]:
    """Attributes with their classes, for a symbol is not a string of its name."""
    return tuple([(name, type(value).__name__, value) for name, value in values.items()])


def _attributes(tables: list[dict[str, Any]]) -> tuple[Any, ...]:
    """The same for many, most of them empty."""
    full = list(filter(None, tables))
    return bytes(map(bool, tables)), full, list(map(type, chain.from_iterable(map(dict.values, full))))


def _declarations(module: Module) -> list[Any]:
    found: list[Any] = []
    for each in module.types.values():
        members = [(m.name, m.type, getattr(m, "transfer", None), getattr(m, "constant", None)) for m in each.members]
        found.append((each.kind, each.name, members, each.regions, each.outlives, each.drop, each.asserts, each.representation,
                      _spelled(each.attributes)))  # fmt: skip
    for item in module.globals.values():
        initial = _spelled({"": item.initial})
        found.append((item.name, item.type, item.mode, initial, item.linkage, _spelled(item.attributes)))
    return found


_HEAD = attrgetter("name", "linkage", "signature.type.text", "signature.outlives")


def _locations(functions: list[Function], ops: list[Operation]) -> list[Any]:
    """Where everything stands: positions in sources, and those sources."""
    sources = list(map(attrgetter("source"), functions))
    distinct = dict(zip(map(id, sources), sources))
    order = dict(zip(distinct, count()))
    told = [
        (s.filename, s.first_line, hashlib.sha256(s.text.encode("utf-8", "surrogatepass")).digest())
        for s in distinct.values()
        if s is not None
    ]
    locs = list(map(attrgetter("loc"), ops))
    try:
        numbers: Any = array("q", locs).tobytes()
    except TypeError:  # some are given by a front-end
        numbers = locs
    return [told, list(map(order.__getitem__, map(id, sources))), list(map(attrgetter("loc"), functions)), numbers]
