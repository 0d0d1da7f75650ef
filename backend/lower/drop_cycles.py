"""Drops of recursive types (lists, trees) in constant stack: one function walks all objects of a cycle of types.

The walk goes down through an owner and comes back up by pointer reversal (Schorr and Waite, CACM 1967): a *slot*, the memory of
an owner that is about to be dropped, is dead once its pointer has been read, so the way back up is kept there. ``top`` is the
way up from where the walk is; each way down has a number, its *code*, which says where to go on.

 1. *Bare*: ``slot = top; top = node | code``. The low bits of an address have room for seven codes and for one more value, that
    of the other two forms.
 2. *Marked*: where another word of the node is dead already (an owner that has been dropped, the tag of an enum behind its
    switch), it takes ``top``, and the slot itself the code: ``word = top; slot = code; top = &slot | 7``.
 3. *Sequences*: the slot of an owner of a sequence has a second word, for the length: ``slot = count, first, code``,
    ``slot[1] = top``, ``top = &slot | 7``. The elements are walked like objects. The one that has been walked keeps the address
    of the first, which the memory is given back by; the count in the slot goes down.
 4. Arrays in an object are walked element by element, by code of their own where they are short, else in a loop whose index
    goes with the code (2), or to the dead word (3). The first element stands in front of the loop, so in it a word is dead.
 5. Where no code of the program runs in the drops of a cycle, the last owner of an object needs no way back: the object is
    given back first, and the walk goes on with the child. A list is then a loop.

Example, of ``struct @Node { left: @Tree, right: @Tree }`` in an owner: code 0 is behind ``left``, and ``right`` is the last.

    node = child in slot 0 of N;  slot 0 of N = top;  top = N | 0;   walk the child, give it back;
    N | 0 = top;  top = slot 0 of N;   go on behind slot 0 of N

The form of a way down is chosen as the code is written; where more than seven were bare, it is written again, and those that
can be marked are. Dropped by a call, and so by the stack, are only an eighth bare way (each is of an object that has neither
an enum nor an owner in front, so not of what ends the recursion), and arrays of more than ``UNROLLED`` within such arrays.

Invariant: a slot and the words around it are written only when the values in them have been dropped or are about to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from altru_ir.backend.lower.glue_code import Code
from altru_ir.backend.lower.types import dimensions_of, quote
from altru_ir.layout import enum_layout, field_offsets, layout_of
from altru_ir.marks import dropped_parts, needs_drop
from altru_ir.ops.aggregates import field_types
from altru_ir.types import ArenaType, ArrayType, CellType, DynType, NamedType, OwnType, PoolType, TupleType, Type

if TYPE_CHECKING:
    from altru_ir.backend.lower.drop_glue import DropGlue

UNROLLED = 16
"""Arrays of at most as many elements are walked by code for each element."""

CODE_BITS = 16
"""How much of a word a code takes; above it stands whether an element is the first, and the count, or the index of a loop."""


def walked(owner: OwnType) -> bool:
    """Whether the walk can go down through such an owner."""
    return not owner.target.is_unsized or isinstance(owner.target, ArrayType)


@attrs.frozen
class _Loop:
    """The loop over an array in the node, from its second element on: where the array begins, and what its elements take."""

    start: int
    stride: int
    count: int
    index: str


@attrs.frozen
class _Down:
    """A way down: the ``offset`` of its slot (in a loop, from the element), where ``top`` is kept, and the label behind it."""

    offset: int
    word: int
    loop: _Loop | None
    behind: str
    sequence: bool


class Cycle:
    """The function for the owners of one cycle of types. ``symbol`` takes an owner's pointer, the count of what it leads to
    when that is a sequence, and the owner's ``number``."""

    def __init__(self, glue: DropGlue, members: set[Type], owners: list[OwnType]) -> None:
        self.glue = glue
        self.members = members
        self.owners = owners
        self.number: dict[Type, int] = {owner: i for i, owner in enumerate(owners)}
        self.symbol = f"@{quote(f'altru.drop.all.{owners[0]}')}"

    def write(self) -> None:
        self._write(thrifty=False)
        if self.bare > self.room:
            self._write(thrifty=True)
        self.glue.text.append(self.code.finish())

    def _write(self, thrifty: bool) -> None:
        code = self.code = Code(self.glue, self.symbol, ["ptr", f"i{self.glue.module.pointer_bits}", "i32"])
        self.word = code.word
        self.align = code.module.pointer_bits // 8
        self.room = self.align - 1
        self.thrifty = thrifty
        self.bare = 0
        self.directly: list[tuple[int, _Down]] = []
        self.marked: list[_Down] = []
        self.dead: set[int] = set()
        self.loop: _Loop | None = None
        sequences = [i for i, owner in enumerate(self.owners) if owner.target.is_unsized]
        code.allocas += ["  %node = alloca ptr", f"  %top = alloca {self.word}", "  %slot = alloca ptr"]
        code.allocas += ["  %base = alloca ptr", f"  %root = alloca [2 x {self.word}]"]
        code.line("store ptr %a0, ptr %node")
        code.line(f"store {self.word} 0, ptr %top")
        if sequences:
            code.line(f"switch i32 %a2, label %starts [ {' '.join(f'i32 {i}, label %roots' for i in sequences)} ]")
            code.start("roots")  # the code 0 is of no way down: the walk has finished
            self._frame("%root", "%a1", 0)
            code.line(f"br i1 {code.emit(f'icmp eq {self.word} %a1, 0')}, label %bottom, label %starts")
            code.start("bottom")
            cases = " ".join(f"i32 {i}, label %empty{i}" for i in sequences)
            code.line("store ptr %a0, ptr %base")
            code.line("store ptr %root, ptr %slot")
            code.line(f"switch i32 %a2, label %wrong [ {cases} ]")
            code.start("starts")
        cases = " ".join(f"i32 {i}, label %owner{i}" for i in range(len(self.owners)))
        code.line(f"switch i32 %a2, label %wrong [ {cases} ]")
        code.start("wrong")
        code.line("unreachable")
        for i, owner in enumerate(self.owners):
            code.start(f"owner{i}")
            self.current, self.dead = owner, set()
            target = owner.target.erased
            if isinstance(target, ArrayType) and target.is_unsized:
                self.drop(target.element.erased, 0)
                self._next_element(i, owner, layout_of(target.element, code.module).size)
            else:
                self.drop(target, 0, self.quiet())
                code.give_back(owner, self.node())
                code.goto("up")
        self._up()

    def quiet(self) -> bool:
        """Whether no code of the program runs in drops of this cycle, so that nobody sees when memory goes back."""
        return not any(
            isinstance(each, (DynType, ArenaType, PoolType))
            or (isinstance(each, OwnType) and each.release is not None)
            or (isinstance(each, NamedType) and self.glue.module.types[each.name].drop is not None)
            for owner in self.owners
            for each in dropped_parts(owner, self.glue.module)
        )

    # -- the way up --

    def _up(self) -> None:
        """Behind an object that has been given back: where ``top`` leads."""
        code, word = self.code, self.word
        code.start("up")
        top = code.emit(f"load {word}, ptr %top")
        code.line(f"br i1 {code.emit(f'icmp eq {word} {top}, 0')}, label %finished, label %higher")
        code.start("higher")
        above = code.emit(f"inttoptr {word} {code.emit(f'and {word} {top}, {-self.align}')} to ptr")
        low = code.emit(f"and {word} {top}, {self.align - 1}")
        cases = [f"{word} {number}, label %{down.behind}" for number, down in self.directly]
        code.line(f"store ptr {above}, ptr %node")
        if not self.marked and not any(owner.target.is_unsized for owner in self.owners):
            code.line(f"switch {word} {low}, label %wrong [ {' '.join(cases)} ]")
            code.start("finished")
            return
        code.line(f"store ptr {above}, ptr %slot")
        code.line(f"switch {word} {low}, label %marked [ {' '.join(cases)} ]")
        code.start("marked")
        slot = code.emit("load ptr, ptr %slot")
        held = code.emit(f"load {word}, ptr {slot}, align {self.align}")
        number = code.emit(f"and {word} {held}, {(1 << CODE_BITS) - 1}")
        cases = [f"{word} 0, label %finished", *(f"{word} {i}, label %up{i}" for i in range(1, len(self.marked) + 1))]
        code.line(f"switch {word} {number}, label %wrong [ {' '.join(cases)} ]")
        for i, down in enumerate(self.marked, 1):
            code.start(f"up{i}")
            self._back(down, slot, held)
            code.goto(down.behind)
        code.start("finished")

    def _back(self, down: _Down, slot: str, held: str) -> None:
        """Finds the node, and ``top``, from the slot of a marked way down or of a sequence (2, 3)."""
        code, word = self.code, self.word
        from_slot = self.align if down.sequence else down.word - down.offset
        code.line(f"store {word} {self._load(slot, from_slot)}, ptr %top")
        origin = slot
        if down.loop is not None:
            index = self._load(slot, down.word - down.offset) if down.sequence else None
            if index is None:
                index = code.emit(f"lshr {word} {held}, {CODE_BITS}")
            code.line(f"store {word} {index}, ptr {down.loop.index}")
            back = code.emit(f"sub {word} {-down.loop.start}, {code.emit(f'mul {word} {index}, {down.loop.stride}')}")
            origin = code.emit(f"getelementptr i8, ptr {slot}, {word} {back}")
        node = code.emit(f"getelementptr i8, ptr {origin}, {word} {-down.offset}")
        code.line(f"store ptr {node}, ptr %node")

    def _load(self, base: str, offset: int) -> str:
        place = self.code.emit(f"getelementptr i8, ptr {base}, {self.word} {offset}")
        return self.code.emit(f"load {self.word}, ptr {place}, align {self.align}")

    # -- sequences --

    def _frame(self, slot: str, count: str, number: int) -> None:
        """Makes a slot the frame of a walk through a sequence (3)."""
        code, word = self.code, self.word
        shifted = code.emit(f"shl {word} {count}, {CODE_BITS + 1}")
        held = code.emit(f"or {word} {shifted}, {1 << CODE_BITS | number}")
        code.line(f"store {word} {held}, ptr {slot}, align {self.align}")
        place = code.emit(f"getelementptr i8, ptr {slot}, {word} {self.align}")
        code.line(f"store {word} {code.emit(f'load {word}, ptr %top')}, ptr {place}, align {self.align}")
        way = code.emit(f"ptrtoint ptr {slot} to {word}")
        code.line(f"store {word} {code.emit(f'or {word} {way}, {self.align - 1}')}, ptr %top")

    def _next_element(self, number: int, owner: OwnType, stride: int) -> None:
        """Behind an element: the next, or the memory goes back (3)."""
        code, word = self.code, self.word
        node = self.node()
        way = code.emit(f"and {word} {code.emit(f'load {word}, ptr %top')}, {-self.align}")
        slot = code.emit(f"inttoptr {word} {way} to ptr")
        code.line(f"store ptr {slot}, ptr %slot")
        held = code.emit(f"load {word}, ptr {slot}, align {self.align}")
        first = code.emit(f"icmp ne {word} {code.emit(f'and {word} {held}, {1 << CODE_BITS}')}, 0")
        code.line("store ptr " + node + ", ptr %base")
        before, counted = code.label("before"), code.label("counted")
        code.line(f"br i1 {first}, label %{counted}, label %{before}")
        code.start(before)
        earlier = code.emit(f"getelementptr i8, ptr {node}, {word} {-stride}")
        code.line(f"store ptr {code.emit(f'load ptr, ptr {earlier}, align {self.align}')}, ptr %base")
        code.goto(counted)
        code.start(counted)
        less = code.emit(f"sub {word} {code.emit(f'and {word} {held}, {~(1 << CODE_BITS)}')}, {1 << (CODE_BITS + 1)}")
        code.line(f"store {word} {less}, ptr {slot}, align {self.align}")
        more = code.emit(f"icmp uge {word} {less}, {1 << (CODE_BITS + 1)}")
        on = code.label("on")
        code.line(f"br i1 {more}, label %{on}, label %empty{number}")
        code.start(on)
        code.line(f"store ptr {code.emit('load ptr, ptr %base')}, ptr {node}, align {self.align}")
        code.line(f"store ptr {code.emit(f'getelementptr i8, ptr {node}, {word} {stride}')}, ptr %node")
        code.goto(f"owner{number}")
        code.start(f"empty{number}")
        code.give_back(owner, code.emit("load ptr, ptr %base"))
        code.goto("marked")

    # -- the way down --

    def node(self) -> str:
        return self.code.emit(f"load ptr, ptr %node, align {self.align}")

    def at(self, offset: int) -> str:
        """The address of what stands at an offset from the node, or from the element that a loop is at."""
        node = self.node()
        if self.loop is None:
            return self.code.at(node, offset)
        index = self.code.emit(f"load {self.word}, ptr {self.loop.index}")
        far = self.code.emit(f"mul {self.word} {index}, {self.loop.stride}")
        place = self.code.emit(f"getelementptr i8, ptr {node}, {self.word} {far}")
        return self.code.emit(f"getelementptr i8, ptr {place}, {self.word} {self.loop.start + offset}")

    def drop(self, type: Type, offset: int, last: bool = False) -> None:
        """Drops a part of the node, or of an element of the loop. Behind the ``last`` part nothing is left but to give the node
        back, and that may happen before."""
        code = self.code
        type = type.erased
        if not needs_drop(type, code.module):
            return
        if type in self.number and last and not type.target.is_unsized:  # type: ignore[attr-defined]
            assert isinstance(type, OwnType)
            self.on(type, offset)
        elif type in self.number:
            assert isinstance(type, OwnType)
            self.down(type, offset)
        elif type in self.members and isinstance(type, (NamedType, TupleType, CellType)):
            self.inside(type, offset, last)
        elif isinstance(type, ArrayType) and type in self.members and self.array(type, offset):
            pass
        else:
            code.drop(type, self.at(offset), 0)
            if isinstance(type, OwnType):
                self.dead = self.dead | {offset}

    def inside(self, type: Type, offset: int, last: bool) -> None:
        """The destructor and the parts of a member of the cycle; the node's address is read anew behind each way down."""
        final = self._final(type, offset)
        declaration = self.glue.module.types[type.name] if isinstance(type, NamedType) else None
        if declaration is not None and declaration.kind == "enum":
            payload = enum_layout(declaration, self.glue.module)[2]
            if payload >= self.align and offset % self.align == 0:
                self.dead = self.dead | {offset}  # the tag
        before = self.dead
        base = self.at(offset)

        def part(each: Type, _: str, at: int) -> None:
            if declaration is not None and declaration.kind == "enum":
                self.dead = before
            self.drop(each, offset + at, last and final in (None, offset + at))

        self.code.parts(type, base, 0, part)
        if declaration is not None and declaration.kind == "enum":
            self.dead = before

    def _final(self, type: Type, offset: int) -> int | None:
        """Where the part that is dropped last stands; None for an enum, of which only one is dropped, and for a cell."""
        declaration = self.glue.module.types[type.name] if isinstance(type, NamedType) else None
        if isinstance(type, NamedType) and declaration is not None and declaration.kind == "struct":
            fields = (field_types(type, self.glue.module, "struct") or {}).values()
            offsets = zip(field_offsets(declaration, self.glue.module), fields, strict=True)
            return offset + [at for at, part in offsets if needs_drop(part, self.glue.module)][-1]
        return -1 if isinstance(type, TupleType) else None

    def array(self, type: ArrayType, offset: int) -> bool:
        """Walks an array in the node (4); False where that takes a loop in a loop."""
        element, count = type.element.erased, 1
        for dimension in type.dimensions:
            assert dimension is not None
            count *= dimension
        stride = layout_of(element, self.code.module).size
        if count <= UNROLLED:
            for each in range(count):
                self.drop(element, offset + each * stride)
            return True
        if self.loop is not None:
            return False
        code, word, before = self.code, self.word, self.dead
        self.drop(element, offset)
        behind = {dead - offset - stride for dead in self.dead if offset <= dead < offset + stride}
        index = code.label("%index")
        code.allocas.append(f"  {index} = alloca {word}")
        head, body, end = code.label("elements"), code.label("element"), code.label("end")
        code.line(f"store {word} 1, ptr {index}")
        code.goto(head)
        code.start(head)
        turn = code.emit(f"load {word}, ptr {index}")
        code.line(f"br i1 {code.emit(f'icmp ult {word} {turn}, {count}')}, label %{body}, label %{end}")
        code.start(body)
        with self._in(_Loop(offset, stride, count, index), behind):
            self.drop(element, 0)
        turn = code.emit(f"load {word}, ptr {index}")
        code.line(f"store {word} {code.emit(f'add {word} {turn}, 1')}, ptr {index}")
        code.goto(head)
        code.start(end)
        self.dead = before | {offset + stride * count + dead for dead in behind}
        return True

    @contextmanager
    def _in(self, loop: _Loop, dead: set[int]) -> Iterator[None]:
        """Writes the body of a loop: offsets are from its element, and ``dead`` is what is dead of the one before."""
        self.loop, self.dead = loop, dead
        yield
        self.loop = None

    def on(self, type: OwnType, offset: int) -> None:
        """Gives the node back and goes on with the child, which is the last: no way back up is needed (5)."""
        code = self.code
        node = self.node()
        child = code.emit(f"load ptr, ptr {code.at(node, offset)}, align {self.align}")
        code.give_back(self.current, node)
        code.line(f"store ptr {child}, ptr %node")
        code.goto(f"owner{self.number[type]}")
        code.start(code.label("never"))

    def down(self, type: OwnType, offset: int) -> None:
        """Goes down through the owner at ``offset``, and comes back behind it."""
        sequence = type.target.is_unsized
        word = min(self.dead) if self.dead else None
        if sequence and (self.loop is None or word is not None):
            self.down_sequence(type, offset, word or 0)
        elif not sequence and word is not None and (self.thrifty or self.loop is not None):
            self.down_marked(type, offset, word)
        elif not sequence and self.bare < self.room and self.loop is None:
            self.down_bare(type, offset)
        else:
            self.bare += 1
            self.code.drop(type, self.at(offset), 0)
        self.dead = self.dead | {offset}

    def down_bare(self, type: OwnType, offset: int) -> None:  # 1
        code, word, align = self.code, self.word, self.align
        number, self.bare = self.bare, self.bare + 1
        node = self.node()
        slot = code.at(node, offset)
        child = code.emit(f"load ptr, ptr {slot}, align {align}")
        code.line(f"store {word} {code.emit(f'load {word}, ptr %top')}, ptr {slot}, align {align}")
        way = code.emit(f"ptrtoint ptr {node} to {word}")
        code.line(f"store {word} {code.emit(f'or {word} {way}, {number}') if number else way}, ptr %top")
        behind = self._enter(type, child)
        self.directly.append((number, _Down(offset, offset, None, behind, False)))
        node = self.node()
        code.line(f"store {word} {code.emit(f'load {word}, ptr {code.at(node, offset)}, align {align}')}, ptr %top")

    def down_marked(self, type: OwnType, offset: int, kept: int) -> None:  # 2
        code, word, align = self.code, self.word, self.align
        slot = self.at(offset)
        child = code.emit(f"load ptr, ptr {slot}, align {align}")
        held = str(len(self.marked) + 1)
        if self.loop is not None:
            index = code.emit(f"load {word}, ptr {self.loop.index}")
            held = code.emit(f"or {word} {code.emit(f'shl {word} {index}, {CODE_BITS}')}, {held}")
        place = code.emit(f"getelementptr i8, ptr {slot}, {word} {kept - offset}")
        code.line(f"store {word} {code.emit(f'load {word}, ptr %top')}, ptr {place}, align {align}")
        code.line(f"store {word} {held}, ptr {slot}, align {align}")
        way = code.emit(f"ptrtoint ptr {slot} to {word}")
        code.line(f"store {word} {code.emit(f'or {word} {way}, {align - 1}')}, ptr %top")
        down = len(self.marked)
        self.marked.append(_Down(offset, kept, self.loop, "", False))
        self.marked[down] = attrs.evolve(self.marked[down], behind=self._enter(type, child))

    def down_sequence(self, type: OwnType, offset: int, kept: int) -> None:  # 3
        code, word, align = self.code, self.word, self.align
        slot = self.at(offset)
        base = code.emit(f"load ptr, ptr {slot}, align {align}")
        count = self._load(slot, align)
        for dimension in range(1, dimensions_of(type)):
            count = code.emit(f"mul nuw {word} {count}, {self._load(slot, align * (dimension + 1))}")
        some, none, done = code.label("some"), code.label("none"), code.label("walked")
        code.line(f"br i1 {code.emit(f'icmp eq {word} {count}, 0')}, label %{none}, label %{some}")
        code.start(none)
        code.give_back(type, base)
        code.goto(done)
        code.start(some)
        if self.loop is not None:
            index = code.emit(f"load {word}, ptr {self.loop.index}")
            place = code.emit(f"getelementptr i8, ptr {slot}, {word} {kept - offset}")
            code.line(f"store {word} {index}, ptr {place}, align {align}")
        self._frame(slot, count, len(self.marked) + 1)
        down = len(self.marked)
        self.marked.append(_Down(offset, kept, self.loop, "", True))
        self.marked[down] = attrs.evolve(self.marked[down], behind=self._enter(type, base))
        code.goto(done)
        code.start(done)

    def _enter(self, type: OwnType, child: str) -> str:
        """Goes on with a child; the label at which its end comes back."""
        code = self.code
        code.line(f"store ptr {child}, ptr %node")
        code.goto(f"owner{self.number[type]}")
        behind = code.label("behind")
        code.start(behind)
        return behind


__all__ = ["Cycle", "walked"]
