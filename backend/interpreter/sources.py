"""Meanings written as Python source, which the machine runs in two ways.

A meaning may be given as text instead of as a function (``code``):

    @means("sub")
    def sub(stage, op):
        return Source("r = (a - b) & mask", mask=(1 << width(op.result.type, stage)) - 1)

In the text ``a`` to ``d`` are the operands in order (of a place the ``Pointer`` that its path leads to), ``args`` is a list of
all, ``r`` is the result, ``s`` are the slots; any other name is a local variable or one of those given behind the text.

- A ``Source`` is a step.
- An ``Exit`` is a control: it also knows ``thread`` and ``after``, and ends in ``return`` or in ``goto 1``, which goes to the
  second successor.
- A ``Path`` is where a projection leads: after its text, to ``pointer``, or to ``address`` with the provenance of ``a``.

The text is the one definition; the two ways to run it are:

1. **alone**: a step, control or place as a function of its own, which reads operands from slots. The function comes from a
   factory that is compiled once for each text, so that staging a program compiles nothing.
2. **fused**: when a segment has been run ``HOT`` times, its steps and its control become one function. Values that it
   computes stay in local variables; a step that is no text is called. Only what someone else may read is stored in its slot:
   another segment, a step that is no text, or the collector, which looks for pointers there.

Example: a segment of ``%c = add %a, %b``, ``%d = xor %c, %a`` and ``br ^next(%d)`` becomes

    def run(thread, s, after):
        v1 = s[1]
        v2 = s[2]
        v3 = (v1 + v2) & 4294967295
        v4 = v3 ^ v1
        s[5] = v4
        return k0, s

Invariant: what a fused segment does to the machine, and the order in which it does it, is what its parts do alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.backend.interpreter.memory import Pointer
from altru_ir.types import FloatType, IntType, PlaceType, UsizeType
from altru_ir.values import Operation, Successor, Value

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.code import Segment, Stage
    from altru_ir.module import Block, Function

HOT = 100
"""A compilation costs about as much as this many runs of the parts alone."""

OPERANDS = "abcd"

_NAME = re.compile(r"(?<![.\w])([A-Za-z_]\w*)(\.(?:address|allocation|tag|meta)\b)?")
_ASSIGNED = re.compile(r"(?m)^ *(\w+) (?:\S?=|>>=|<<=) ")
_GOTO = re.compile(r"(?m)^( *)goto (\d)$")


class Source:
    """The text of a step, and what its free names stand for."""

    def __init__(self, text: str, /, **names: Any) -> None:
        self.text = text
        self.names = names


class Exit(Source):
    """The text of a control."""


@attrs.define(eq=False)
class Path:
    """The text of a projection; see the module's docstring. ``names`` are what its free names stand for."""

    text: str = ""
    pointer: str = ""
    address: str = ""
    names: dict[str, Any] = attrs.Factory(dict)


# -- alone ------------------------------------------------------------------------------------------------------------------


def alone(stage: Stage, op: Operation, source: Source | Path) -> Callable[..., Any]:
    """The step, control or place that a text is for ``op``."""
    if isinstance(source, Path):
        kind, text = "path", source.text
        text += f"\nreturn {source.pointer or f'Pointer({source.address}, a.allocation, a.tag)'}"
    else:
        kind, text = ("exit" if isinstance(source, Exit) else "step"), source.text
    used = _used(text)
    given: dict[str, Any] = dict(source.names)
    reads = ""
    for name, value in zip(OPERANDS, op.operands, strict=False):
        if name in used:
            place = isinstance(value.type, PlaceType)
            given[f"{name}_"] = stage.path(value) if place else stage.slot(value)
            reads += f"{name} = {name}_(s)\n" if place else f"{name} = s[{name}_]\n"
    if "args" in used:
        given["args_"] = [stage.slot(v) for v in op.operands]
        reads += "args = [s[k] for k in args_]\n"
    if "r" in used and kind == "step":
        given["r_"] = stage.slot(op.result)
        text += "\ns[r_] = r"
    for index, successor in enumerate(op.successors if kind == "exit" else ()):
        given[f"go{index}"] = stage.edge(successor, op)
    make = _factory(kind, reads + text, tuple(given))
    return make(*given.values())  # type: ignore[no-any-return]


@cache
def _factory(kind: str, text: str, names: tuple[str, ...]) -> Callable[..., Any]:
    parameters = "thread, s, after" if kind == "exit" else "s"
    body = _indented(_GOTO.sub(r"\1return go\2(s, None), s", text), 8)
    source = f"def make({', '.join(names)}):\n    def run({parameters}):\n{body}\n    return run\n"
    return _compiled(source, {"Pointer": Pointer}, "make")  # type: ignore[no-any-return]


def _compiled(source: str, space: dict[str, Any], name: str) -> Any:
    exec(_code(source), space)
    return space[name]


@lru_cache(maxsize=1000)
def _code(source: str) -> Any:
    return compile(source, "<meaning>", "exec")


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.splitlines())


@lru_cache(maxsize=10_000)
def _used(text: str) -> frozenset[str]:
    """The names in ``text``."""
    return frozenset(found[1] for found in _NAME.finditer(text))


# -- fused ------------------------------------------------------------------------------------------------------------------


def fused(stage: Stage, segment: Segment) -> Callable[..., Any]:
    """One function ``run(thread, slots, after)`` that does what the parts of ``segment`` do."""
    writer = _Writer(stage, segment)
    for op, part in segment.parts:
        writer.part(op, part)
    source = "def run(thread, s, after):\n" + "\n".join("    " + line for line in writer.lines) + "\n"
    return _compiled(source, writer.space, "run")  # type: ignore[no-any-return]


def reading(function: Function) -> dict[Value, Block | None]:
    """For each value that is read, on its own or on the path of a place, the block that reads it; None where several do."""
    found: dict[Value, Block | None] = {}
    for block in function.blocks:
        for value in {value for op in block.ops for value in op.all_operands()}:
            work = [value]
            while work:
                value = work.pop()
                found[value] = block if found.get(value, block) is block else None
                if isinstance(value.type, PlaceType) and value.operation is not None:
                    work += value.operation.operands
    return found


def readers(stage: Stage, segments: list[Segment]) -> dict[Value, Segment | None]:
    """For each value that the segments of a block read, the one in which only texts read it; None where there is more."""
    found: dict[Value, Segment | None] = {}
    for segment in segments:
        for op, part in segment.parts:
            work = [(v, isinstance(part, Source)) for v in op.operands]
            for successor in op.successors:
                work += [(v, isinstance(part, Exit) and _binds(stage, successor)) for v in successor.args]
            while work:
                value, by_text = work.pop()
                here = segment if by_text else None
                found[value] = here if found.get(value, here) is here else None
                if isinstance(value.type, PlaceType) and value.operation is not None and value.operation.name != "local":
                    path = stage.leads(value.operation)
                    work += [(v, by_text and isinstance(path, Path)) for v in value.operation.operands]
    return found


def _binds(stage: Stage, successor: Successor) -> bool:
    """Whether an edge only hands values on, and moves none."""
    return all(stage.copies(v.type) for v in successor.args)


def _is_scalar(value: Value) -> bool:
    return isinstance(value.type, (IntType, FloatType, UsizeType))


class _Writer:
    """The text of a fused segment under construction."""

    def __init__(self, stage: Stage, segment: Segment) -> None:
        self.stage = stage
        self.segment = segment
        self.lines: list[str] = []
        self.space: dict[str, Any] = {"Pointer": Pointer}
        self.local: set[Value] = set()  # values that a local variable holds
        self.count = 0

    def part(self, op: Operation, part: Any) -> None:
        """A step or the control of the segment."""
        stage = self.stage
        if not isinstance(part, Source):
            bound = self.bind(part)
            is_control = op is self.segment.op
            self.lines.append(f"return {bound}(thread, s, after)" if is_control else f"{bound}(s)")
            return
        used = _used(part.text)
        spelled: dict[str, Any] = {}
        for name, value in zip(OPERANDS, op.operands, strict=False):
            if name in used:
                spelled[name] = self.place(value) if isinstance(value.type, PlaceType) else self.value(value)
        if "args" in used:
            spelled["args"] = f"[{', '.join([self.value(v) for v in op.operands])}]"
        if isinstance(part, Exit):
            self.exit(op, part, spelled)
            return
        if "r" in used:
            spelled["r"] = f"v{stage.slot(op.result)}"
        self.text(part.text, part.names, spelled)
        if "r" in used:
            if stage.copies(op.result.type):
                self.local.add(op.result)
            if not (_is_scalar(op.result) and stage.read_only_in(self.segment, op.result)):
                self.lines.append(f"s[{stage.slot(op.result)}] = {spelled['r']}")

    def exit(self, op: Operation, part: Exit, spelled: dict[str, Any]) -> None:
        """A control; the values that go along an edge are read before any is bound."""
        edges = []
        for successor in op.successors:
            if _binds(self.stage, successor):
                slots = [self.stage.slot(a) for a in successor.block.args]
                values = [self.value(v) for v in successor.args]
                edge = [f"s[{slot}] = {value}" for slot, value in zip(slots, values, strict=True) if value != f"v{slot}"]
                edge.append(f"return {self.bind(self.stage.codes[successor.block].first)}, s")
            else:
                edge = [f"return {self.bind(self.stage.edge(successor, op))}(s, None), s"]
            edges.append(edge)
        text = _GOTO.sub(lambda found: "\n".join(found[1] + line for line in edges[int(found[2])]), part.text)
        self.text(text, part.names, spelled)

    # -- operands --

    def value(self, value: Value) -> str:
        """A variable that holds ``value``. One that moves is read anew each time, for it may be gone."""
        name = f"v{self.stage.slot(value)}"
        if value not in self.local:
            self.lines.append(f"{name} = s[{self.stage.slot(value)}]")
            if isinstance(value.type, PlaceType) or self.stage.copies(value.type):
                self.local.add(value)
        return name

    def place(self, place: Value) -> _Spot:
        """Evaluates a path, from its root outward."""
        chain: list[tuple[Operation, Path]] = []
        spot: _Spot | None = None
        while spot is None:
            op = place.operation
            assert op is not None
            path = None if op.name == "local" else self.stage.leads(op)
            if path is None:
                spot = _Spot(self.value(place))
            elif not isinstance(path, Path):
                self.count += 1
                self.lines.append(f"p{self.count} = {self.bind(path)}(s)")
                spot = _Spot(f"p{self.count}")
            else:
                chain.append((op, path))
                if not op.operands or not isinstance(op.operands[0].type, PlaceType):
                    break
                place = op.operands[0]
        for op, path in reversed(chain):
            values = [None if isinstance(v.type, PlaceType) else self.value(v) for v in op.operands]
            spelled: dict[str, Any] = {n: spot if v is None else v for n, v in zip(OPERANDS, values, strict=False)}
            self.count += 1
            pointer = f"p{self.count}"
            text = path.text + f"\n{pointer} = {path.pointer or path.address}"
            spelled[pointer] = pointer
            self.text(text, path.names, spelled)
            if path.pointer:
                spot = _Spot(pointer)
            else:
                assert spot is not None
                spot = _Spot(spot.base, pointer)
        assert spot is not None
        return spot

    # -- text --

    def text(self, text: str, names: dict[str, Any], spelled: dict[str, Any]) -> None:
        """Appends ``text`` with its names replaced: those in ``spelled``, what stands for others, fresh local variables."""
        self.count += 1
        spelled = dict(spelled)
        for name, what in names.items():
            spelled[name] = repr(what) if what.__class__ is int else self.bind(what)
        for name in _ASSIGNED.findall(text):
            spelled.setdefault(name, f"{name}_{self.count}")
        self.lines += [line for line in _respelled(text, spelled).splitlines() if line]

    def bind(self, what: Any) -> str:
        """A global name of the function for ``what``."""
        name = f"k{len(self.space)}"
        self.space[name] = what
        return name


@attrs.frozen
class _Spot:
    """Where a path leads: as far as the pointer in variable ``base``, or at another ``address`` with its provenance."""

    base: str
    address: str = ""

    def part(self, name: str) -> str:
        """The expression of the pointer, or of an attribute (``.tag``) of it."""
        if not self.address or name in (".allocation", ".tag"):
            return self.base + name
        if name == ".address":
            return self.address
        pointer = f"Pointer({self.address}, {self.base}.allocation, {self.base}.tag)"
        return "()" if name else pointer


def _respelled(text: str, spelled: dict[str, Any]) -> str:
    def replace(found: re.Match[str]) -> str:
        what = spelled.get(found[1])
        if what is None:
            return found[0]
        part = found[2] or ""
        return what.part(part) if isinstance(what, _Spot) else what + part

    return _NAME.sub(replace, text)
