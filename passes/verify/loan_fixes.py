"""What may mend a conflict of borrows: proposals in the text, which ``fixes`` tries before anybody sees them.

    %r = borrow %x                               assign %x, %two
    assign %x, %two     // while borrowed   =>   %r = borrow %x
    call @look(%r)                               call @look(%r)

Kinds, those first that keep what the program does; each is proposed where its form fits:
 1. a shared borrow where an exclusive one is not needed;
 2. the borrow moves behind what it forbids, with what is computed from it alone: to take an address does nothing, so it can
    wait until the arguments are evaluated (two-phase borrows);
 3. the access goes through the reference that excludes it; an exclusive reference that would move is lent: *reborrow*;
 4. the storage itself is used where the reference was only followed; a ``gc`` is loaded from storage that changes;
 5. it is borrowed again behind the access, or for each use of its own: the loan is short each time;
 6. what ends storage moves behind the last use, or is left out: what is left open is closed later;
 7. storage is declared in front of what refers to it, for scopes close in the reverse order;
 8. the access moves behind the last use (8a), or the last uses in front of it (8b): the scope of the loan is shortened;
 9. a copy is lent;
10. a clause is declared, so that those who call must show it; regions without a name receive one;
11. a region that is written in the function, but that nobody asks for, is left to be inferred;
12. the region of a result is named: that of one of the parameters, or one for all of them, or ``'static``.

Of these, 1 to 5 and 11 leave every value as it was; 6 and 7 change when destructors run; 8 and 9 which of two values is seen,
where there is no telling which one was meant; 10 and 12 what is asked of callers.

Invariant: a payload is not reached for behind what may have changed the variant, if it was reached for in front of that: no
check sees whether the variant is there, so trying would not tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from altru_ir.diagnostics import Edit, Fix
from altru_ir.elision import RegionSignature
from altru_ir.marks import copies
from altru_ir.module import Function, Module, Signature
from altru_ir.passes.analysis.loan_paths import Path
from altru_ir.passes.analysis.loan_points import Access, Loan
from altru_ir.passes.verify.rewriting import NoText, Rewriting
from altru_ir.text.printer import print_header
from altru_ir.types import INFERRED, FunctionType, GcType, PlaceType, RefType, Type, map_regions
from altru_ir.values import Operation, Value

PURE = frozenset({"borrow"})
"""What may wait although it is not pure: an address is taken."""

DIRECT = frozenset({"load", "assign", "borrow", "take", "exchange"})
"""What accesses the place that is its first operand."""


class LoanFixes(Rewriting):
    """Proposals for one function."""

    def __init__(self, function: Function, module: Module) -> None:
        super().__init__(function)
        self.module = module

    # -- by error ----------------------------------------------------------------------------------------------------

    def conflict(self, op: Operation, loan: Loan, access: Access | None, holders: set[Value]) -> Sequence[Fix]:
        """For ``op``, which does what ``loan`` forbids, while one of ``holders`` may still hold that."""
        if access is None:
            drafts = (lambda: self.inferred(holders), lambda: self.declared_before(loan, holders))
            return self.collect(lambda: self.loaded(loan), *drafts)
        moved = access.kind == "moved"
        ends = op.name in ("end", "drop")
        lent_stays = not (access.writes and leads_into_variant(loan.path, access.path))
        accessed_stays = not (loan.mutable and leads_into_variant(access.path, loan.path))
        possible: tuple[tuple[bool, Callable[[], Iterator[Fix]]], ...] = (
            (True, lambda: self.loaded(loan)),
            (True, lambda: self.shared(op, loan)),
            (lent_stays, lambda: self.two_phase(op, loan)),
            (True, lambda: self.through(op, loan, access)),
            (moved and lent_stays, lambda: self.lent(op, loan, access)),
            (lent_stays, lambda: self.followed(loan)),
            (lent_stays, lambda: self.again(op, loan)),
            (lent_stays, lambda: self.each_time(loan)),
            (True, lambda: self.inferred(holders)),
            (ends, lambda: self.postponed(op, holders, "end it after the last use")),
            (True, lambda: self.left_out(op)),
            (True, lambda: self.declared_before(loan, holders)),
            (accessed_stays, lambda: self.postponed(op, holders, f"`{op.name}` after the last use of the reference")),
            (accessed_stays, lambda: self.advanced(op, holders)),
            (True, lambda: self.copied(loan.op)),
        )
        return self.collect(*(draft for fits, draft in possible if fits))

    def outlives(self, signature: RegionSignature, longer: int, shorter: int, holders: set[Value]) -> Sequence[Fix]:
        """For a region of the signature that flows, by way of ``holders``, into another one, by their numbers there."""
        return self.collect(lambda: self.inferred(holders), lambda: self.declared(signature, longer, shorter))

    def unclear(self, signature: RegionSignature) -> Sequence[Fix]:
        """For a result whose region is neither written nor told by the parameters."""
        return self.collect(lambda: self.result_named(signature))

    def unseen(self, op: Operation, step: Operation | None) -> Sequence[Fix]:
        """For a borrow of what others may change unseen; ``step`` follows a ``gc`` that is found there."""
        return self.collect(lambda: self.copied(op) if step is None else self.loaded_for(step))

    # -- by kind -----------------------------------------------------------------------------------------------------

    def shared(self, op: Operation, loan: Loan) -> Iterator[Fix]:  # 1
        for each in dict.fromkeys((op, loan.op)):
            if each.name == "borrow" and each.attrs.get("mut"):
                yield Fix(f"borrow {self.place(each)} shared: nothing writes through it", (self.not_mutable(each),))

    def two_phase(self, op: Operation, loan: Loan) -> Iterator[Fix]:  # 2
        if loan.op.name != "borrow" or loan.op.block is not op.block or op.block is None:
            return
        ops = op.block.ops
        first, at = self.number[loan.op], self.number[op]
        if first >= at or op.decl.is_terminator:
            return
        slice = self.needing({loan.op.result}, ops[first + 1 : at + 1])
        if op in slice or any(not each.decl.is_pure and each.name not in PURE for each in slice):
            return
        text = [self.text(each) for each in (loan.op, *slice)]
        edits = [self.line(each, "") for each in (loan.op, *slice)]
        yield Fix(f"borrow {self.place(loan.op)} after that", (*edits, self.behind(op, text)))

    def through(self, op: Operation, loan: Loan, access: Access) -> Iterator[Fix]:  # 3
        if op.name not in DIRECT or loan.op.name != "borrow" or access.path is not loan.path:
            return
        if access.writes and not loan.mutable:
            return
        reference, place = loan.op.result, self.fresh(loan.op.result, "place")
        operand = op.operands[0]
        edits = (self.before(op, [f"{place} = deref {self.spelled(reference)}"]), self.operand(op, operand, place))
        verb = "reborrow" if op.name == "borrow" else "reach it"
        yield Fix(f"{verb} through {self.spelled(reference)}, which has it for itself", edits)

    def lent(self, op: Operation, loan: Loan, access: Access) -> Iterator[Fix]:  # 3
        value = access.path.root
        if access.path.depth or not isinstance(value, Value) or not isinstance(value.type, RefType) or not value.type.mutable:
            return
        place, lent = self.fresh(value, "place"), self.fresh(value, "lent")
        lines = [f"{place} = deref {self.spelled(value)}", f"{lent} = borrow mut {place}"]
        edits = (self.before(op, lines), self.operand(op, value, lent))
        yield Fix(f"lend {self.spelled(value)} to it", edits)
        for again in self.again(op, loan):
            yield Fix(f"lend {self.spelled(value)} to it, and {again.message}", (*edits, *again.edits))

    def followed(self, loan: Loan) -> Iterator[Fix]:  # 4
        op = loan.op
        if op.name != "borrow" or not self.stays(op.operands[0]):
            return
        uses = self.uses(op.result)
        if not uses or any(each.name != "deref" for each in uses):
            return
        place = self.spelled(op.operands[0])
        edits = [self.line(op, ""), *(self.line(each, "") for each in uses)]
        for each in uses:
            edits += [self.operand(user, each.result, place) for user in self.uses(each.result)]
        yield Fix(f"use {self.place(op)} itself instead of the reference", tuple(edits))

    def loaded(self, loan: Loan) -> Iterator[Fix]:  # 4
        at = loan.op.operands[0]
        while loan.holder and at.type.is_place and at.operation is not None and at.operation.operands:
            step, at = at.operation, at.operation.operands[0]
            if step.name == "deref" and isinstance(at.type, PlaceType) and isinstance(at.type.target, GcType):
                yield from self.loaded_for(step)

    def loaded_for(self, step: Operation) -> Iterator[Fix]:  # 4
        at = step.operands[0]
        held = self.fresh(at, "held")
        edits = (self.before(step, [f"{held} = load {self.spelled(at)}"]), self.operand(step, at, held))
        yield Fix(f"load {self.spelled(at)}, and borrow through that", edits)

    def again(self, op: Operation, loan: Loan) -> Iterator[Fix]:  # 5
        uses = self.direct_uses(loan)
        if uses is None or op.block is None or op.decl.is_terminator:
            return
        cfg = self.function.cfg()
        behind = [
            use
            for use in uses
            if (use.block is op.block and self.number[use] > self.number[op])
            or (use.block is not op.block and use.block is not None
                and cfg.dominators.dominates(cfg.number[op.block], cfg.number[use.block]))
        ]  # fmt: skip
        if not behind:
            return
        again = self.fresh(loan.op.result, "again")
        edits = [self.behind(op, [f"{again} = {self.borrowing(loan)}"])]
        edits += [self.operand(use, loan.op.result, again) for use in behind]
        yield Fix(f"borrow {self.place(loan.op)} again after that", tuple(edits))

    def each_time(self, loan: Loan) -> Iterator[Fix]:  # 5
        uses = self.direct_uses(loan)
        if not uses:
            return
        edits = [self.line(loan.op, "")]
        for use in uses:
            again = self.fresh(loan.op.result, "now")
            edits += [self.before(use, [f"{again} = {self.borrowing(loan)}"]), self.operand(use, loan.op.result, again)]
        yield Fix(f"borrow {self.place(loan.op)} where it is used", tuple(edits))

    def left_out(self, op: Operation) -> Iterator[Fix]:  # 6
        if op.name in ("end", "drop"):
            yield Fix(f"leave out this `{op.name}`: what is left open is closed later", (self.line(op, ""),))

    def declared_before(self, loan: Loan, holders: set[Value]) -> Iterator[Fix]:  # 7
        local = None if loan.path is None else loan.path.root
        if not isinstance(local, Value) or local.operation is None or local.operation.name != "local":
            return
        declared = [
            holder.operation
            for holder in holders
            if holder.operation is not None
            and holder.operation.name == "local"
            and holder.operation.block is local.operation.block
            and self.number[holder.operation] < self.number[local.operation]
        ]
        if declared:
            first = min(declared, key=self.number.__getitem__)
            edits = (self.before(first, [self.text(local.operation)]), self.line(local.operation, ""))
            yield Fix(f"declare {self.spelled(local)} before {self.spelled(first.result)}: it then ends later", edits)

    def postponed(self, op: Operation, holders: set[Value], says: str) -> Iterator[Fix]:  # 6, 8a
        last = self.last_use(op, holders)
        if last is None or op.decl.is_terminator:
            return
        between = op.block.ops[self.number[op] + 1 : self.number[last] + 1]  # type: ignore[union-attr]
        slice = self.needing(set(op.results), between)
        if last in slice or last.decl.is_terminator:
            return
        edits = [self.line(each, "") for each in (op, *slice)]
        yield Fix(says, (*edits, self.behind(last, [self.text(each) for each in (op, *slice)])))

    def advanced(self, op: Operation, holders: set[Value]) -> Iterator[Fix]:  # 8b
        last = self.last_use(op, holders)
        if last is None or last.decl.is_terminator:
            return
        between = op.block.ops[self.number[op] + 1 : self.number[last] + 1]  # type: ignore[union-attr]
        wanted = [each for each in between if not holders.isdisjoint(self.roots(each))]
        needed = {value for each in wanted for value in each.all_operands()}
        slice = []
        for each in reversed(between):
            if each in wanted or not needed.isdisjoint(each.results):
                slice.append(each)
                needed.update(each.all_operands())
        if not needed.isdisjoint(op.results):
            return
        slice.reverse()
        edits = [self.line(each, "") for each in slice]
        yield Fix("use the reference before that", (self.before(op, [self.text(each) for each in slice]), *edits))

    def copied(self, op: Operation) -> Iterator[Fix]:  # 9
        if op.name != "borrow" or op.attrs.get("mut"):
            return
        place = op.operands[0]
        type: Type = place.type.target  # type: ignore[attr-defined]
        if type.is_unsized or not copies(type, self.module):
            return
        copy, value = self.fresh(op.result, "copy"), self.fresh(op.result, "value")
        lines = [f"{copy} = local : {type}", f"{value} = load {self.spelled(place)}", f"init {copy}, {value}"]
        yield Fix(f"lend a copy of {self.place(op)}", (self.before(op, lines), self.operand(op, place, copy)))

    def declared(self, signature: RegionSignature, longer: int, shorter: int) -> Iterator[Fix]:  # 10
        start, end = self.header()
        names = list(signature.names)
        for each in sorted((longer, shorter)):
            if names[each] == INFERRED:
                names[each] = self.new_region(names)
        clause = f"{names[longer]}: {names[shorter]}"
        if names == list(signature.names):
            text = self.text_of().text[start:end]
            found = re.search(rf"[<,]\s*{re.escape(names[longer])}(?!\w)(\s*:[^,>]*)?", text)
            if found is not None and longer:
                more = f" + {names[shorter]}" if found[1] else f": {names[shorter]}"
                at = start + found.end()
                yield Fix(f"declare `{clause}`", (self.edit(at, at, more),))
            return
        outlives = ((names[longer], names[shorter]), *self.function.signature.outlives)
        text = self.head(signature, names, signature.result, outlives)
        yield Fix(f"name the regions, and declare `{clause}`", (self.edit(start, end, text),))

    def result_named(self, signature: RegionSignature) -> Iterator[Fix]:  # 12
        start, end = self.header()
        outlives = self.function.signature.outlives
        given = dict.fromkeys(slot for slots in signature.parameters for slot in slots if slot > 0)
        for slot in given or (0,):
            names = list(signature.names)
            if names[slot] == INFERRED:
                names[slot] = self.new_region(names)
            text = self.head(signature, names, tuple(at or slot for at in signature.result), outlives)
            yield Fix(f"name the region of the result, {names[slot]}", (self.edit(start, end, text),))
        names = list(signature.names)
        one = self.new_region(names)
        unnamed = [slot for slot in given if names[slot] == INFERRED]
        for slot in unnamed:
            names[slot] = one
        if len(unnamed) > 1:
            text = self.head(signature, names, tuple(at or unnamed[0] for at in signature.result), outlives)
            yield Fix(f"name one region for all, {one}", (self.edit(start, end, text),))

    def inferred(self, holders: set[Value]) -> Iterator[Fix]:  # 11
        for op in dict.fromkeys(op for op in self.number if not holders.isdisjoint(op.results)):
            start, _ = self.span(op)
            written = [found for found in re.finditer(r"'\w+", self.text(op)) if found[0] != INFERRED]
            if written:
                edits = (self.edit(start + found.start(), start + found.end(), INFERRED) for found in written)
                yield Fix(f"leave the region of {self.spelled(op.results[0])} to be inferred", tuple(edits))

    def renamed(self, type: Type, slots: Sequence[int], names: Sequence[str]) -> Type:
        """A parameter's type with the names of its regions, as far as they have received some."""
        count = iter(range(len(slots)))
        shown = str(map_regions(type, lambda region: f"'{next(count, len(slots))}"))
        order = [int(number) for number in re.findall(r"'(\d+)", shown)]  # slots stand from left to right
        if sorted(order) != list(range(len(slots))):
            raise NoText
        wanted = iter([slots[order.index(number)] for number in range(len(slots))])

        def named(region: str) -> str:
            slot = next(wanted)
            return names[slot] if region == INFERRED and slot >= 0 else region  # not one that a function type binds

        return map_regions(type, named)

    def new_region(self, names: Sequence[str]) -> str:
        for letter in "abcdefghijklmnopqrstuvwxyz":
            if f"'{letter}" not in names:
                return f"'{letter}"
        raise NoText

    # -- the function ------------------------------------------------------------------------------------------------

    @cached_property
    def number(self) -> dict[Operation, int]:
        """The place of each operation in its block."""
        return {op: at for block in self.function.blocks for at, op in enumerate(block.ops)}

    @cached_property
    def users(self) -> dict[Value, list[Operation]]:
        found: dict[Value, list[Operation]] = {}
        for op in self.function.operations():
            for value in dict.fromkeys(op.all_operands()):
                found.setdefault(value, []).append(op)
        return found

    def uses(self, value: Value) -> list[Operation]:
        return self.users.get(value, [])

    def direct_uses(self, loan: Loan) -> list[Operation] | None:
        """What uses the reference of a loan, if nothing follows or keeps it in the function; None else."""
        op = loan.op
        if op.name != "borrow" or not self.stays(op.operands[0]):
            return None
        uses = self.uses(op.result)
        return None if any(use.decl.is_projection for use in uses) else uses

    def needing(self, values: set[Value], ops: Sequence[Operation]) -> list[Operation]:
        """Those of ``ops`` that use ``values`` or what is computed from them."""
        known = set(values)
        found = []
        for op in ops:
            if not known.isdisjoint(op.all_operands()):
                found.append(op)
                known.update(op.results)
        return found

    def roots(self, op: Operation) -> Iterator[Value]:
        """What ``op`` uses: values, and the roots of places."""
        for value in op.all_operands():
            at = value
            while at.type.is_place and at.operation is not None and at.operation.operands:
                at = at.operation.operands[0]
            yield at

    @cached_property
    def rooted(self) -> dict[Value, list[Operation]]:
        """What uses a value, or a place that it is the root of."""
        found: dict[Value, list[Operation]] = {}
        for op in self.function.operations():
            if op.name != "local" and not op.decl.is_projection:
                for value in dict.fromkeys(self.roots(op)):
                    found.setdefault(value, []).append(op)
        return found

    def last_use(self, op: Operation, holders: set[Value]) -> Operation | None:
        """The last use of what may hold the loan behind ``op`` in its block."""
        first, place = self.number.get(op, -1), self.number
        uses = (each for holder in holders for each in self.rooted.get(holder, ()) if each.block is op.block)
        return max((each for each in uses if place[each] > first), key=place.__getitem__, default=None)

    def stays(self, place: Value) -> bool:
        """Whether a place is the same storage wherever it is evaluated: nothing on the way to it can be stored into."""
        at = place
        while at.type.is_place and at.operation is not None and at.operation.operands:
            operand = at.operation.operands[0]
            if at.operation.name == "deref" and operand.type.is_place:
                return False
            at = operand
        return True

    # -- text --------------------------------------------------------------------------------------------------------

    def place(self, op: Operation) -> str:
        return f"`{self.spelled(op.operands[0])}`"

    def borrowing(self, loan: Loan) -> str:
        """The borrow of a loan, to be written again."""
        return f"borrow {'mut ' if loan.mutable else ''}{self.spelled(loan.op.operands[0])}"

    def not_mutable(self, op: Operation) -> Edit:
        """The word ``mut`` of a borrow taken away."""
        self.span(op)
        spans = self.text_of().token_spans()
        start, end = spans[op.loc + 3]  # type: ignore[operator]
        if self.text_of().text[start:end] != "mut":
            raise NoText
        return self.edit(start, spans[op.loc + 4][0], "")  # type: ignore[operator]

    def header(self) -> tuple[int, int]:
        """Where the signature begins and ends in the text."""
        source, place = self.text_of(), self.function.location
        if place is None or not self.function.blocks:
            raise NoText
        start = source.line_starts()[place.line - source.first_line] + max(place.column, 1) - 1
        line = source.text.find("\n", start)
        end = source.text.rfind("{", start, line)
        text = source.text[start:line]
        if end < 0 or "//" in text or not text.rstrip().endswith("{"):
            raise NoText
        while source.text[end - 1] == " ":
            end -= 1
        return start, end

    def head(
        self, signature: RegionSignature, names: Sequence[str], result: Sequence[int], outlives: tuple[tuple[str, str], ...]
    ) -> str:  # fmt: skip
        """The signature as text, where its regions have ``names``, and those at the slots of the result are ``result``."""
        known = self.function
        type = known.signature.type
        named = dict.fromkeys(name for name, before in zip(names, signature.names, strict=True) if name != before)
        parameters = (
            self.renamed(each, slots, names) for each, slots in zip(type.parameters, signature.parameters, strict=True)
        )
        given = self.renamed(type.result, result, names) if signature.unclear else type.result
        made = FunctionType(
            (*type.binder, *named),
            tuple(parameters),
            given,
            type.transfers,
            type.abi,
            type.variadic,
            type.unsafe,
            type.nounwind,
        )
        stub = Function(known.name, Signature(made, outlives), [parameter.name for parameter in known.parameters])
        stub.linkage, stub.attributes = known.linkage, known.attributes
        return print_header(stub)


def leads_into_variant(path: Path | None, start: Path | None) -> bool:
    """Whether ``path`` goes from where ``start`` ends into a payload, which is there only as long as the variant is."""
    return path is not None and any(step.kind == "variant" for step in path.steps()[0 if start is None else start.depth :])


__all__ = ["LoanFixes"]
