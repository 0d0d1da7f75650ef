"""Values to stand in for values that go.

A value ``v`` of a type that goes may be replaced by (1) an operand of its own operation that has the type, (2) the first
value in the function that has the type and dominates ``v``, (3) a new *leaf*: a constant zero, a null pointer, a place of
its own, whatever the declarations offer that gives the type without operands.

Example: when ``%s = add %x, %y`` goes, its uses may become uses of ``%x``, or of a new ``const 0``.

New leaves are put in front of the entry, where they dominate everything, one for each type; so no replacement depends on
where a value is used. (2) takes one walk over the dominator tree in preorder with a table of the first value of each
type, from which a block's entries are taken out again when its subtree has been walked.

Invariant: replacements lead from a value that goes to one that stays, and no chain of them has a cycle: an operand stands
before its operation (in blocks that nothing reaches it need not, so there the chain is followed first), and the first value
of a type is never one that goes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from altru_ir import declare
from altru_ir.declare import Callee, Cases, Declaration, Literal, Name, Operand, SymbolOf, Target, TypeOf, WordOf
from altru_ir.module import Block, Function, Module
from altru_ir.types import I1, UNIT, ArrayType, PlaceType, Type
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

LONGEST = 256
"""How many elements a new constant array has at most."""


class Supply:
    """Replacements in one function, collected by ``replace`` and carried out by ``finish``.

    Parameters: ``going``, the values that will no longer be there (none of them is offered as a replacement).
    """

    def __init__(self, module: Module, function: Function, going: Collection[Value]) -> None:
        self.module = module
        self.function = function
        self.going = frozenset(going)
        self.earlier = first_of_type(function, self.going)
        self.instead: dict[Value, Value] = {}
        self.leaves: dict[Type, Value | None] = {}
        self.made: list[Operation] = []

    def leaf(self, type: Type) -> Value | None:
        """A new value of ``type`` made out of nothing; None when there is no way."""
        key = type.erased
        if key not in self.leaves:
            self.leaves[key] = self._standing(type) or self._new(type)
        return self.leaves[key]

    def parameter(self, type: Type) -> Value | None:
        """The first parameter of ``type`` that stays."""
        return next((p for p in self.function.parameters if p.type.erased is type.erased and p not in self.going), None)

    def any(self, type: Type) -> Value | None:
        """A value of ``type`` that may be used anywhere in the function."""
        return self.leaf(type) or self.parameter(type)

    def other(self, value: Value, leaf_first: bool = False) -> Value | None:
        """(2) or (3) for ``value``."""
        if leaf_first:
            return self.leaf(value.type) or self.earlier.get(value)
        return self.earlier.get(value) or self.leaf(value.type)

    def replace(self, value: Value, by: Value) -> None:
        """Notes that each use of ``value`` is to become one of ``by``."""
        self.instead[value] = by

    def resolve(self, value: Value) -> Value:
        """What stands for ``value`` in the end."""
        return resolve(value, self.instead)

    def finish(self) -> None:
        """Replaces all uses at once and puts the new leaves in front of the entry."""
        if self.instead:
            final = {value: self.resolve(value) for value in self.instead}
            for op in self.function.operations():
                op.replace_operands(final)
        used = {value for op in self.function.operations() for value in op.all_operands()}
        entry = self.function.entry
        new = [op for op in self.made if op.results[0] in used]
        for op in new:
            op.block = entry
        entry.ops[:0] = new

    def _standing(self, type: Type) -> Value | None:
        """The value of a leaf that stands at the head of the entry already, as one made for another replacement does."""
        wanted = leaf_of(type, self.module)
        if wanted is None or not self.function.blocks:
            return None
        for op in self.function.entry.ops:
            if op.operands or len(op.results) != 1 or op.results[0] in self.going:
                break
            found = op.results[0]
            same = op.decl is wanted.decl and op.attrs == wanted.attrs and found.type is wanted.results[0].type
            if same and not found.type.is_place:  # a place is not shared: what is stored in one is not in the other
                return found
        return None

    def _new(self, type: Type) -> Value | None:
        op = leaf_of(type, self.module)
        if op is None:
            return None
        self.made.append(op)
        return op.results[0]


def resolve(value: Value, instead: dict[Value, Value]) -> Value:
    """Where the chain of replacements that begins with ``value`` ends; it is made short, so that long ones stay cheap."""
    passed: list[Value] = []
    while value in instead and len(passed) <= len(instead):  # a circle, as in code that nothing reaches, ends as well
        passed.append(value)
        value = instead[value]
    for each in passed:
        instead[each] = value
    return value


class Scope:
    """The first value of each type that dominates a point, for a point that walks over a function.

    ``blocks`` gives the blocks in dominator-tree preorder, unreachable ones last; who walks says with ``see`` which values
    it passes, and ``get`` answers for the place it has come to.
    """

    def __init__(self, function: Function, going: Collection[Value] = ()) -> None:
        self.function = function
        self.going = going
        self.first: dict[Type, Value] = {}
        self._added: list[Type] = []
        for parameter in function.parameters:
            self.see(parameter)

    def get(self, type: Type) -> Value | None:
        """The first value of ``type`` here."""
        return self.first.get(type.erased)

    def see(self, value: Value) -> None:
        """Passes the definition of ``value``."""
        if value not in self.going and value.type.erased not in self.first:
            self.first[value.type.erased] = value
            self._added.append(value.type.erased)

    def blocks(self) -> Iterator[Block]:
        """The blocks; what was seen in a block is forgotten behind the last block that it dominates."""
        graph = self.function.cfg()
        tree = graph.dominators
        inside: list[tuple[int, list[Type]]] = []
        for number in tree.order:
            while inside and tree.before[number] > inside[-1][0]:
                self._forget(inside.pop()[1])
            self._added = []
            inside.append((tree.last[number], self._added))
            yield graph.blocks[number]
        while inside:
            self._forget(inside.pop()[1])
        for number, block in enumerate(graph.blocks):
            if not tree.reachable(number):
                self._added = []
                yield block
                self._forget(self._added)

    def _forget(self, types: list[Type]) -> None:
        for type in types:
            del self.first[type]


def first_of_type(function: Function, going: Collection[Value]) -> dict[Value, Value]:
    """For each value in ``going``, the first value of its type that dominates it and stays, where there is one."""
    found: dict[Value, Value] = {}
    scope = Scope(function, going)

    def pass_by(values: Iterable[Value]) -> None:
        for value in values:
            if value in going:
                first = scope.get(value.type)
                if first is not None:
                    found[value] = first
            else:
                scope.see(value)

    pass_by(function.parameters)
    for block in scope.blocks():
        pass_by(block.args)
        for op in block.ops:
            pass_by(op.results)
    return found


# -- leaves -----------------------------------------------------------------------------------------------------------------


def leaf_of(type: Type, module: Module) -> Operation | None:
    """A new operation without operands that gives a ``type``, pure where one is; None when nothing declared does."""
    if isinstance(type, PlaceType) and not type.mutable:
        type = PlaceType(type.target)  # what is only read may be a place that could be written
    for pure in (True, False):
        for decl in declare.table().values():
            if decl.is_pure is pure and not decl.is_terminator:
                op = _made(decl, type, module)
                if op is not None:
                    return op
    return None


def _made(decl: Declaration, type: Type, module: Module) -> Operation | None:
    """``decl`` as a leaf of ``type``; None when it needs operands or names, or gives something else."""
    if len(decl.results) != 1 or any(isinstance(e, _NEEDS_MORE) for e in decl.elements.values()):
        return None
    result = decl.results[0]
    if result.written is not None:
        held = type.target if isinstance(type, PlaceType) else type
        if result.place is (held is type) or not result.written.accepts(held):
            return None
    elif result.type is not type:
        return None
    attributes: dict[str, Any] = NO_ATTRIBUTES
    literals = [e.name for e in decl.elements.values() if isinstance(e, Literal) and not e.optional]
    if literals:
        zero = zero_of(type)
        if declare.CONSTANT not in decl.traits or zero is None:
            return None
        attributes = dict.fromkeys(literals, zero)
    op = Operation(decl, [], attributes, unsafe=decl.needs_unsafe)
    op.results = [Value(type, None, op)]
    return op if next(decl.problems(op, module), None) is None else None


_NEEDS_MORE = (Operand, Callee, Target, Cases, Name, SymbolOf, TypeOf, WordOf)


def zero_of(type: Type) -> Any:
    """The literal for zero in ``type``; None when it has no literals or a very long one."""
    if type is I1:
        return False
    if type.is_integer:
        return 0
    if type.is_float:
        return 0.0
    if type is UNIT:
        return []
    if isinstance(type, ArrayType) and not type.is_unsized:
        inner = zero_of(type.element)
        lengths = [d or 0 for d in type.dimensions]
        if inner is None or math.prod(lengths) > LONGEST:
            return None
        for length in reversed(lengths):
            inner = [inner] * length
        return inner
    return None
