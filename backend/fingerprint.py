"""A hash of a module's structure: two modules share it exactly when they are the same but for the identity of their objects.

A module is hashed without being printed, and without a step of Python for each operation: lists of all operands, results, types
and so on are taken from it by functions written in C, and a value is the place where it is defined.

    func @f(%x: i64) -> i64       values   %x %y            0 1
    ^e:                           used     %x %x %y         0 0 1
      %y = add %x, %x             lengths  of operands      2 1     of results   1 0
      ret %y                      kinds    add ret          0 1     types of values  i64 i64

The garbage collector knows the members of each object, and tells those of many at once (``gc.get_referents``), in an order that
is the same for all instances of a class with slots. Where they stand is found out with an instance whose members are known;
rows that do not look like it are read attribute by attribute.

Example: ``fingerprint(module)[0]``.

Invariant: the numbers, names and texts that are hashed determine the module up to isomorphism, each list with its lengths.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import struct
from array import array
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import chain, compress, count
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from altru_ir.collector import CollectorPaused
from altru_ir.module import Block, Function, Module, Signature
from altru_ir.values import Operation, Successor, Value

if TYPE_CHECKING:
    from altru_ir.declare import Declaration


def fingerprint(module: Module) -> tuple[bytes, tuple[Declaration, ...]] | None:
    """The hash, and the declarations of all operations, each once.

    None for a module that defines a value twice, or uses one or a block that it does not define.
    """
    with CollectorPaused():
        return _fingerprint(module)


def _fingerprint(module: Module) -> tuple[bytes, tuple[Declaration, ...]] | None:
    lengths: list[bytes] = []
    functions = list(module.functions.values())
    names, linkages, heading, attributes, parameters, sources, places, bodies = members(
        Function, functions, "name", "linkage", "signature", "attributes", "parameters", "source", "loc", "blocks"
    )
    signatures, outlives = members(Signature, heading, "type", "outlives")
    blocks = _flat(bodies, lengths)
    labels, arguments, unwinds, contents = members(Block, blocks, "label", "args", "unwind", "ops")
    ops = _flat(contents, lengths)
    declarations, results, operands, tables, edges, unsafe, locations = members(
        Operation, ops, "decl", "results", "operands", "attrs", "successors", "unsafe", "loc"
    )
    successors = _flat(edges, lengths)
    destinations, given, choices = members(Successor, successors, "block", "args", "case")
    defined = [*_flat(parameters, lengths), *_flat(arguments, lengths), *_flat(results, lengths)]
    used = [*_flat(operands, lengths), *_flat(given, lengths)]
    values = dict(zip(defined, range(len(defined))))
    if len(values) != len(defined):
        return None
    targets = {**dict(zip(blocks, count())), None: -1}
    types, value_names = members(Value, defined, "type", "name")
    try:
        shape = [_looked_up(values, used), *(_looked_up(targets, each) for each in (unwinds, destinations))]
        numbers = [*lengths, *map(_packed, shape), bytes(unsafe)]
    except KeyError:
        return None
    orders = []
    for interned in (types, signatures, declarations):  # each of them is the same object wherever it is the same
        order: dict[Any, int] = defaultdict(count().__next__)
        numbers.append(_packed(_looked_up(order, interned)))
        orders.append(order)
    spelled = [[each.text for each in orders[0]], [each.text for each in orders[1]], [each.name for each in orders[2]]]
    cases = [(i, type(case).__name__, case) for i, case in enumerate(choices) if case is not None]
    told = repr((
        module.name, module.source and module.source.filename, module.target, _spelled(module.attributes),
        _declarations(module), spelled, cases, [(i, each) for i, each in enumerate(outlives) if each],
    ))  # fmt: skip
    found = [
        told.encode("utf-8", "surrogatepass"),
        _nans([item.initial for item in module.globals.values()]),
        *numbers,
        *_sources(sources),
        *_attributes(attributes),
        *_attributes(tables),
    ]
    found += map(_written, (names, linkages, value_names, labels, places, locations))
    digest = hashlib.sha256()
    for each in found:
        digest.update(len(each).to_bytes(8, "little"))
        digest.update(each)
    return digest.digest(), tuple(orders[2])


def members(kind: type, instances: list[Any], *names: str) -> list[list[Any]]:
    """For each of ``names`` the list of what it is in the instances."""
    order = _order(kind, tuple(name for name in _slots(kind) if hasattr(instances[0], name))) if instances else None
    if order is not None:
        found = gc.get_referents(*instances)
        # Where an instance has more members or less than the first, what follows is not at its place: nor are the classes.
        if len(found) == len(order) * len(instances) and found[order[""] :: len(order)].count(kind) == len(instances):
            return [found[order[name] :: len(order)] for name in names]
    return [list(map(attrgetter(name), instances)) for name in names]


@cache
def _slots(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in kind.__slots__ if not name.startswith("__"))


@cache
def _order(kind: Any, names: tuple[str, ...]) -> dict[str, int] | None:
    """Where the collector tells the members of an instance that has ``names``, and where its class (""); None where it does not
    tell them so."""
    probe = object.__new__(kind)
    marks = {name: [name] for name in names}
    for name, mark in marks.items():
        object.__setattr__(probe, name, mark)
    found = list(map(id, gc.get_referents(probe)))
    wanted = {**{name: id(mark) for name, mark in marks.items()}, "": id(kind)}
    if sorted(found) != sorted(wanted.values()):
        return None
    return {name: found.index(mark) for name, mark in wanted.items()}


def _flat(lists: list[Any], lengths: list[bytes]) -> list[Any]:
    """The elements of all lists, in order; their lengths are added to ``lengths``. Where most of the first are empty, that is
    where those are that are not, and their lengths."""
    if lists[:_SAMPLE].count([]) > _SAMPLE // 2:
        lengths.append(b"\7" + _packed(list(compress(range(len(lists)), lists))))
        lists = list(filter(None, lists))
    try:
        kept = bytes(map(len, lists))
        size = _sum(kept)
        lengths.append(b"\1" + kept)
    except ValueError:
        each = list(map(len, lists))
        size = sum(each)
        lengths.append(_packed(each))
    found = gc.get_referents(*lists[::-1])
    if not _IS_BACKWARDS or len(found) != size:
        return list(chain.from_iterable(lists))
    found.reverse()  # the collector tells the elements of a list from the last to the first
    return found


_SAMPLE = 64


def _sum(numbers: bytes) -> int:
    """The sum of numbers that are small, nearly all of them."""
    left, total, each = len(numbers), 0, 0
    while left:
        times = numbers.count(each)
        left -= times
        total += times * each
        each += 1
    return total


def _looked_up(table: dict[Any, int], keys: list[Any]) -> Sequence[int]:
    """What a table has for each key. Raises ``KeyError``."""
    return itemgetter(*keys)(table) if len(keys) > 1 else [table[key] for key in keys]


_IS_BACKWARDS = gc.get_referents(["a", "b"], ("c", "d")) == ["b", "a", "d", "c"]


def _packed(numbers: Sequence[int]) -> bytes:
    """Numbers as bytes that tell them apart: of one byte each, or of four, or as Python writes them, and one more in front."""
    try:
        return b"\1" + bytes(numbers)
    except ValueError:
        pass
    try:
        return b"\4" + struct.pack(f"<{len(numbers)}i", *numbers)
    except struct.error:
        return b"\5" + marshal.dumps(list(numbers), 2)


def _written(values: list[Any]) -> bytes:
    """Texts, numbers and None, of these classes alone, else whatever they are; the first byte says which."""
    try:
        joined = "\0".join(values)
        if joined.count("\0") == len(values) - 1:
            return b"\1" + joined.encode("utf-8", "surrogatepass")
    except TypeError:
        pass
    try:
        return b"\2" + marshal.dumps(values, 2)  # version 2 writes equal values alike, and tells their classes apart
    except ValueError:
        return b"\3" + repr(values).encode("utf-8", "surrogatepass")


def _spelled(values: dict[str, Any]) -> tuple[Any, ...]:
    """Attributes with their classes, for a symbol is not a string of its name."""
    return tuple([(name, type(value).__name__, value) for name, value in values.items()])


def _attributes(tables: list[dict[str, Any]]) -> list[bytes]:
    """The same for many."""
    some = list(filter(None, tables))
    if not some:
        return [_packed([len(tables)])]
    counted = list(map(len, some))
    values = gc.get_referents(*some) if _IS_OF_VALUES else []  # a table's keys are texts, and the collector passes them over
    if len(values) != sum(counted):
        values = list(chain.from_iterable(map(dict.values, some)))
    order: dict[type, int] = defaultdict(count().__next__)
    kinds = _packed(_looked_up(order, list(map(type, values))))
    names = [kind.__name__ for kind in order]
    kept = _nans(values) if any(each in order for each in (float, list, tuple)) else b""
    where = [len(tables), *compress(range(len(tables)), tables)]
    return [*map(_packed, (where, counted)), kinds, kept, *map(_written, (names, list(chain.from_iterable(some)), values))]


_IS_OF_VALUES = gc.get_referents({"a": "b", "c": "d"}, {"e": "f"}) == ["b", "d", "f"]


def _nans(values: list[Any]) -> bytes:
    """The bits of all NaNs in literals, in order: the text of each is the same."""
    found = array("d")
    work: list[Any] = [values]
    while work:
        value = work.pop()
        if isinstance(value, (list, tuple)):
            # Of numbers of other classes there may be many.
            work += reversed([each for each in value if isinstance(each, (float, list, tuple))])
        elif isinstance(value, float) and value != value:
            found.append(value)
    return found.tobytes()


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


def _sources(sources: list[Any]) -> list[bytes]:
    """The texts that positions are numbers of, and which function is in which: one for all, or one for each."""
    if sources and sources.count(sources[0]) == len(sources):
        sources = sources[:1]
    distinct = dict(zip(map(id, sources), sources))
    order = dict(zip(distinct, count()))
    told = [
        None if s is None else (s.filename, s.first_line, hashlib.sha256(s.text.encode("utf-8", "surrogatepass")).hexdigest())
        for s in distinct.values()
    ]
    return [repr(told).encode("utf-8", "surrogatepass"), _packed(_looked_up(order, list(map(id, sources))))]
