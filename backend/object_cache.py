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
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, count
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.collector import CollectorPaused
from altru_ir.module import Module
from altru_ir.values import Successor

if TYPE_CHECKING:
    from altru_ir.backend.library import Options

_OURS = "altru_ir."


def key_of(module: Module, options: Options, callbacks: frozenset[str]) -> str | None:
    """The key of the module's object code; None when it must not be kept."""
    from altru_ir.backend.lower.ops import LOWERINGS

    blocks = chain.from_iterable(map(attrgetter("blocks"), module.functions.values()))
    operations = chain.from_iterable(map(attrgetter("ops"), blocks))
    used = set(map(attrgetter("decl"), operations))
    for decl in used:
        lowering = LOWERINGS.get(decl.name)
        if not decl.declared_in.startswith(_OURS) or lowering is None or not lowering.__module__.startswith(_OURS):
            return None
    digest = hashlib.sha256(surroundings().encode())
    digest.update(repr((attrs.astuple(options), sorted(callbacks))).encode())
    structure = fingerprint(module)
    if structure is None:
        return None
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


def fingerprint(module: Module) -> bytes | None:
    """A hash that two modules share exactly when they are the same but for the identity of their objects.

    None for a module that defines a value twice, or uses one or a block that it does not define.
    """
    with CollectorPaused():
        return _fingerprint(module)


def _fingerprint(module: Module) -> bytes | None:
    functions = list(module.functions.values())
    heads = zip(*map(_HEAD, functions)) if functions else iter(((),) * 9)
    names, linkages, signatures, outlives, attributes, parameters, sources, places, bodies = heads
    blocks = list(chain.from_iterable(bodies))
    labels, arguments, unwinds, contents = zip(*map(_BLOCK, blocks)) if blocks else ((),) * 4
    ops = list(chain.from_iterable(contents))
    rows = zip(*map(_OPERATION, ops)) if ops else iter(((),) * 7)
    declarations, results, operands, tables, edges, unsafe, locations = rows
    successors: list[Successor] = list(chain.from_iterable(filter(None, edges)))
    defined = [*chain.from_iterable(parameters), *chain.from_iterable(arguments), *chain.from_iterable(results)]
    used = chain(chain.from_iterable(operands), chain.from_iterable(map(attrgetter("args"), successors)))
    values = dict(zip(map(id, defined), count()))
    targets = {**dict(zip(map(id, blocks), count())), id(None): -1}
    types, value_names = zip(*map(_VALUE, defined)) if defined else ((), ())
    cases = [(i, type(s.case).__name__, s.case) for i, s in enumerate(successors) if s.case is not None]
    parts: list[Any] = [
        module.name, module.target, _spelled(module.attributes), _declarations(module), _strings(names), _strings(linkages),
        _strings(value_names), _strings(labels), [each for each in outlives if each],
        *_attributes(list(filter(None, attributes))), *_attributes(list(filter(None, tables))), cases,
        _sources(sources), _numbers_or_all(places), _numbers_or_all(locations),
    ]  # fmt: skip
    try:
        shape = [
            _packed(map(values.__getitem__, map(id, used))), _packed(map(targets.__getitem__, map(id, unwinds))),
            _packed(map(targets.__getitem__, map(id, map(attrgetter("block"), successors)))),
        ]  # fmt: skip
    except KeyError:
        return None
    if len(values) != len(defined):
        return None
    for interned in (types, signatures, declarations):  # each of them is the same object wherever it is the same
        order = dict(zip(dict.fromkeys(interned), count()))
        parts.append([each.name if interned is declarations else each.text for each in order])
        shape.append(_packed(map(order.__getitem__, interned)))
    lists = (parameters, bodies, arguments, contents, results, operands, edges, [s.args for s in successors])
    shape += [_packed(map(len, each)) for each in lists]
    shape += [bytes(map(bool, each)) for each in (tables, attributes, outlives)]
    digest = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass"))
    for numbers in (*shape, bytes(unsafe)):
        digest.update(len(numbers).to_bytes(8, "little") + numbers)
    return digest.digest()


_HEAD = attrgetter(
    "name", "linkage", "signature.type", "signature.outlives", "attributes", "parameters", "source", "loc", "blocks"
)
_BLOCK = attrgetter("label", "args", "unwind", "ops")
_OPERATION = attrgetter("decl", "results", "operands", "attrs", "successors", "unsafe", "loc")
_VALUE = attrgetter("type", "name")


def _strings(texts: Sequence[str | None]) -> Any:
    """Strings that are told quickly where they can be told apart quickly."""
    try:
        joined = "\0".join(texts)  # type: ignore[arg-type]
    except TypeError:  # one of them is None
        return texts
    return joined if joined.count("\0") == len(texts) - 1 else texts


def _packed(numbers: Iterable[int]) -> bytes:
    """Numbers as bytes that tell them apart: of one byte each, or of eight and one more in front."""
    kept = list(numbers)
    try:
        return b"\1" + bytes(kept)
    except ValueError:
        return b"\x08" + array("q", kept).tobytes()


def _numbers_or_all(places: Sequence[Any]) -> Any:
    """Positions: numbers of tokens, unless some are given by a front-end."""
    try:
        return array("q", list(places)).tobytes()
    except TypeError:
        return places


def _spelled(values: dict[str, Any]) -> tuple[Any, ...]:
    """Attributes with their classes, for a symbol is not a string of its name."""
    return tuple([(name, type(value).__name__, value) for name, value in values.items()])


def _attributes(tables: list[dict[str, Any]]) -> tuple[Any, ...]:
    """The same for many."""
    values = list(chain.from_iterable(map(dict.values, tables)))
    kinds = list(map(type, values))
    order = dict(zip(dict.fromkeys(kinds), count()))
    names, spelled = [kind.__name__ for kind in order], _strings(list(chain.from_iterable(tables)))
    return _packed(map(len, tables)), _packed(map(order.__getitem__, kinds)), names, spelled, values


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


def _sources(sources: Sequence[Any]) -> Any:
    """The texts that positions are numbers of, and which function is in which."""
    distinct = dict(zip(map(id, sources), sources))
    order = dict(zip(distinct, count()))
    told = [
        None if s is None else (s.filename, s.first_line, hashlib.sha256(s.text.encode("utf-8", "surrogatepass")).digest())
        for s in distinct.values()
    ]
    return told, _packed(map(order.__getitem__, map(id, sources)))
