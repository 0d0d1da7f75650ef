"""What may mend an error about moves: proposals in the text, which ``fixes`` tries before anybody sees them.

    call @eat(%x)                          %x_place = deref %x
    call @eat(%x)   // used after move     %x_content = load %x_place
                                    =>     %x_copy = new %x_content : own<i32>
                                           call @eat(%x_copy)
                                           call @eat(%x)

Kinds, the cheapest for the program first, each proposed where its form fits:
 1. what copies is loaded, not taken;
 2. another operation is meant: ``assign`` for ``init`` (or the other way round), ``drop`` for ``dealloc``, ``drop {rest}``;
 3. an early or repeated ``drop`` or ``end`` is left out: what is left open is closed later;
 4. what was taken only to be looked at is looked at where it is;
 5. an exclusive reference is lent: borrowed anew for the call that would take it;
 6. a store that comes later moves in front of the use (*reorder*);
 7. a copy is made of what an owner holds, and that is given away;
 8. something else is put there: ``exchange`` with a value made for it, or a first ``init`` behind the ``local``, on all ways;
 9. a raw pointer that is lost is turned back into an owner where the function is left;
10. an enum is asked which variant it holds, and another one is a panic.

A value is made for numbers, and structs, tuples, arrays and heap owners of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from altru_ir.diagnostics import Fix
from altru_ir.marks import copies
from altru_ir.module import Function, Module
from altru_ir.ops.enums import variants_of
from altru_ir.passes.analysis.move_paths import MovePath, MovePaths
from altru_ir.passes.verify.rewriting import NoText, Rewriting
from altru_ir.types import (
    ArrayType,
    FloatType,
    IntType,
    NamedType,
    OwnType,
    PlaceType,
    RefType,
    TupleType,
    Type,
    UsizeType,
    spell_name,
)
from altru_ir.values import Operation, Value

LARGEST = 64
"""How many operations the making of a value may take."""


class MoveFixes(Rewriting):
    """Proposals for one function."""

    def __init__(self, function: Function, module: Module, paths: MovePaths | None) -> None:
        super().__init__(function)
        self.module = module
        self.paths = paths

    # -- by error ----------------------------------------------------------------------------------------------------

    def used_after_move(self, op: Operation, path: MovePath, causes: list[tuple[Operation, MovePath]]) -> Sequence[Fix]:
        """For a use of ``path`` by ``op`` after operations have taken it or a part of it (ALT-M001)."""
        drafts: list[Callable[[], Iterator[Fix]]] = [lambda: self.repeated(op, path)]
        for cause, gone in causes:
            drafts += [
                lambda cause=cause: self.loaded(cause),  # type: ignore[misc]
                lambda cause=cause: self.early(cause),  # type: ignore[misc]
                lambda cause=cause: self.looked_at(cause),  # type: ignore[misc]
                lambda cause=cause, gone=gone: self.lent(cause, gone),  # type: ignore[misc]
                lambda cause=cause, gone=gone: self.copied(cause, gone),  # type: ignore[misc]
            ]
        drafts.append(lambda: self.exchanged_part(causes))
        return self.collect(*drafts)

    def holds_nothing(self, op: Operation, path: MovePath, stored: bool) -> Sequence[Fix]:
        """For a use of what was never stored, or a store into a part of it (ALT-I001)."""
        return self.collect(
            lambda: (
                self.renamed(op, "assign", "init", "store the part with `init`, which drops nothing") if stored else iter(())
            ),
            lambda: self.reordered(op, path),
            lambda: self.first_value(path),
        )

    def stays(self, op: Operation, place: Value) -> Sequence[Fix]:
        """For what is moved or dropped out of where it has to stay (ALT-M002, ALT-M003, ALT-M004)."""
        return self.collect(
            lambda: self.loaded(op),
            lambda: self.left_out(op, "leave out this `drop`: what holds it drops it") if op.name == "drop" else iter(()),
            lambda: self.looked_at(op),
            lambda: self.exchanged(op, place),
        )

    def overwritten(self, op: Operation) -> Sequence[Fix]:
        """For what is overwritten or released without a drop (ALT-M005)."""
        return self.collect(
            lambda: self.renamed(op, "init", "assign", "use `assign`, which drops what is there first"),
            lambda: self.renamed(op, "dealloc", "drop", "use `drop`, which drops the content first"),
        )

    def ended(self, op: Operation, ends: list[Operation]) -> Sequence[Fix]:
        """For a use of a local after its scope has ended (ALT-F004)."""
        again = "leave out this `end`: the scope has ended already"
        early = "leave out this `end`: the scope is closed where the function is left"
        drafts: list[Callable[[], Iterator[Fix]]] = [lambda end=end: self.left_out(end, early) for end in ends]  # type: ignore[misc]
        return self.collect(lambda: self.left_out(op, again) if op.name == "end" else iter(()), *drafts)

    def another_variant(self, op: Operation, enum: Value, variant: str) -> Sequence[Fix]:
        """For a use of the payload of ``variant`` that the enum in a place may not hold (ALT-I003)."""
        return self.collect(lambda: self.asked(op, enum, variant))

    def lost(self, conversion: Operation, last: Operation) -> Sequence[Fix]:
        """For a raw pointer that nothing releases when the function is left at ``last`` (ALT-L001)."""
        return self.collect(lambda: self.turned_back(conversion, last))

    # -- by kind -----------------------------------------------------------------------------------------------------

    def loaded(self, op: Operation) -> Iterator[Fix]:  # 1
        if op.name == "take" and copies(op.result.type, self.module):
            yield Fix(f"a `{op.result.type}` copies: `load` it", (self.word(op, "take", "load"),))

    def renamed(self, op: Operation, old: str, new: str, says: str) -> Iterator[Fix]:  # 2
        if op.name == old:
            yield Fix(says, (self.word(op, old, new),))

    def left_out(self, op: Operation, says: str) -> Iterator[Fix]:  # 3
        yield Fix(says, (self.line(op, ""),))

    def repeated(self, op: Operation, path: MovePath) -> Iterator[Fix]:  # 2, 3
        if op.name == "drop" and len(op.operands) == 1 and not op.attrs:
            yield from self.left_out(op, f"leave out this `drop`: what is left of `{path}` is dropped without it")
            span = self.span(op)
            rest = self.edit(span[1], span[1], " {rest}")
            yield Fix("drop what is left of it", (rest,))

    def early(self, cause: Operation) -> Iterator[Fix]:  # 3
        if cause.name in ("drop", "end"):
            yield from self.left_out(cause, f"leave out this `{cause.name}`: what is left open is closed later")

    def looked_at(self, op: Operation) -> Iterator[Fix]:  # 4
        if op.name != "take":
            return
        uses = [each for each in self.function.operations() if op.result in each.all_operands()]
        if not uses or any(each.name != "deref" for each in uses):
            return
        place = self.spelled(op.operands[0])
        edits = [self.line(op, ""), *(self.operand(each, op.result, place) for each in uses)]
        yield Fix("look at it where it is, instead of taking it out", tuple(edits))

    def lent(self, cause: Operation, gone: MovePath) -> Iterator[Fix]:  # 5
        value = gone.root
        if gone.parent is not None or not isinstance(value.type, RefType) or value not in cause.operands:
            return
        place, lent = self.fresh(value, "place"), self.fresh(value, "lent")
        lines = [f"{place} = deref {self.spelled(value)}", f"{lent} = borrow mut {place}"]
        yield Fix(f"lend `%{value.name}` to it", (self.before(cause, lines), self.operand(cause, value, lent)))

    def reordered(self, op: Operation, path: MovePath) -> Iterator[Fix]:  # 6
        block = op.block
        if block is None or self.paths is None:
            return
        at = block.ops.index(op)
        for store in block.ops[at + 1 :]:
            if store.name != "init" or self.paths.locate(store.operands[0]).path is not path:
                continue
            defined = store.operands[1].operation
            if defined is None or defined.block is not block or block.ops.index(defined) < at:
                text = self.text(store)
                yield Fix("store before it is used", (self.before(op, [text]), self.line(store, "")))
            return

    def copied(self, cause: Operation, gone: MovePath) -> Iterator[Fix]:  # 7
        type = gone.type
        if not isinstance(type, OwnType) or type.pool or type.region is not None or type.release is not None:
            return
        if type.target.is_unsized or not copies(type.target, self.module):
            return
        value = gone.root
        says = f"give away a copy of what `{gone}` holds"
        if cause.name == "take":
            place, content = self.fresh(cause.result, "place"), self.fresh(cause.result, "content")
            owner = self.spelled(cause.operands[0])
            lines = [f"{place} = deref {owner}", f"{content} = load {place}"]
            made = f"{self.spelled(cause.result)} = new {content} : {type}"
            start, end = self.span(cause)
            yield Fix(says, (self.before(cause, lines), self.edit(start, end, made)))
        elif gone.parent is None and value in cause.all_operands():
            place, content, copy = (self.fresh(value, what) for what in ("place", "content", "copy"))
            lines = [f"{place} = deref {self.spelled(value)}", f"{content} = load {place}", f"{copy} = new {content} : {type}"]
            yield Fix(says, (self.before(cause, lines), self.operand(cause, value, copy)))

    def exchanged(self, op: Operation, place: Value) -> Iterator[Fix]:  # 8
        type = place.type
        if op.name != "take" or not isinstance(type, PlaceType) or not type.mutable:
            return
        lines: list[str] = []
        made = self.value(type.target, self.base(op.result), lines)
        start, end = self.span(op)
        text = f"{self.spelled(op.result)} = exchange {self.spelled(place)}, {made}"
        yield Fix("put something else in its place", (self.before(op, lines), self.edit(start, end, text)))

    def exchanged_part(self, causes: list[tuple[Operation, MovePath]]) -> Iterator[Fix]:  # 8
        if len(causes) == 1 and causes[0][0].name == "take":
            yield from self.exchanged(causes[0][0], causes[0][0].operands[0])

    def turned_back(self, conversion: Operation, last: Operation) -> Iterator[Fix]:  # 9
        pointer, owner = conversion.result, conversion.operands[0]
        again = self.fresh(pointer, "owner")
        lines = [f"{again} = own.from_ptr {self.spelled(pointer)} unsafe : {owner.type}", f"drop {again}"]
        yield Fix("turn it back into an owner, and drop that", (self.before(last, lines),))

    def first_value(self, path: MovePath) -> Iterator[Fix]:  # 8
        local = path.root.operation
        if local is None or local.name != "local" or self.paths is None:
            return
        whole = self.paths.roots[path.root]
        below = set(self.paths.paths[whole.index : whole.last + 1])
        lines: list[str] = []
        made = self.value(path.root.type.target, self.base(path.root), lines)  # type: ignore[attr-defined]
        first = [*lines, f"init {self.spelled(path.root)}, {made}"]
        edits = [self.behind(local, first)]
        for op in self.function.operations():
            if op.name == "init" and self.paths.locate(op.operands[0]).path in below:
                edits.append(self.word(op, "init", "assign"))
        yield Fix(f"let `%{path.root.name}` hold something from the beginning", tuple(edits))

    def asked(self, op: Operation, enum: Value, variant: str) -> Iterator[Fix]:  # 10
        variants = variants_of(enum.type.target, self.module)  # type: ignore[attr-defined]
        if variants is None:
            return
        holds, other = self.new_block(f"{self.base(enum)}_holds"), self.new_block(f"{self.base(enum)}_other")
        ways = f"{spell_name(variant)} {holds}" + (f", {other}" if len(variants) > 1 else "")
        begin, question = self.indented(op, [f"switch_enum {self.spelled(enum)}, {ways}"])
        _, failed = self.indented(op, [f'panic "the enum holds another variant than {variant}"'])
        text = self.text_of().text
        unwind = ""  # as the block has it in the text: drops that were scheduled do not count
        for line in reversed(text[:begin].splitlines()):
            if line.lstrip().startswith("^"):
                unwind = "".join(re.findall(r" unwind \^(?:\"[^\"]*\"|[^\s:]+)", line)[-1:])
                break
        arms = f"{other}{unwind}:\n{failed}" if len(variants) > 1 else ""
        yield Fix(f"ask whether it holds `{variant}`", (self.edit(begin, begin, f"{question}{arms}{holds}{unwind}:\n"),))

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, type: Type, base: str, lines: list[str]) -> str:
        """Appends the operations that make some value of ``type``; its name. Raises ``NoText`` where there are none."""
        order: list[tuple[Type, list[int]]] = []
        work: list[tuple[Type, int]] = [(type, -1)]
        while work:  # preorder; parts stand behind their wholes
            each, whole = work.pop()
            if len(order) >= LARGEST:
                raise NoText
            here = len(order)
            order.append((each, []))
            if whole >= 0:
                order[whole][1].append(here)
            work.extend((part, here) for part in reversed(self.parts(each)))
        names = [self.new_name(f"{base}_first" if not at else f"{base}_part") for at in range(len(order))]
        for at in reversed(range(len(order))):
            each, parts = order[at]
            operands = ", ".join(names[part] for part in parts)
            made = {OwnType: "new", ArrayType: "array", TupleType: "tuple", NamedType: "struct"}.get(each.__class__)
            literal = "0.0" if isinstance(each, FloatType) else "0"
            shown = "" if made == "tuple" else f" : {each}"
            lines.append(f"{names[at]} = {made} {operands}{shown}" if made else f"{names[at]} = const {literal} : {each}")
        return names[0]

    def parts(self, type: Type) -> list[Type]:
        if isinstance(type, (IntType, UsizeType, FloatType)):
            return []
        if isinstance(type, OwnType) and not (type.pool or type.region is not None or type.release is not None):
            if not type.target.is_unsized:
                return [type.target]
        elif isinstance(type, TupleType) and type.elements:
            return list(type.elements)
        elif isinstance(type, ArrayType) and not type.is_unsized and len(type.dimensions) == 1:
            return [type.element] * min(type.dimensions[0] or 0, LARGEST + 1)
        elif isinstance(type, NamedType) and not type.regions:
            declaration = self.module.types.get(type.name)
            if declaration is not None and declaration.kind == "struct" and declaration.members:
                return [member.type for member in declaration.members]
        raise NoText


__all__ = ["MoveFixes"]
