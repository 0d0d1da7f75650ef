"""Versions of loops, compared: is the one copy what the other one is? Clause 11 of ``certificates``, for the checker.

    ^guard(%g: usize): ... cond_br %fast, ^loop(%g), ^loop2(%g)      both ways, operation by operation: the same program

A version inside of the first copy of another one has a guard and a copy there, which the second copy of the outer one lacks. It
is *folded* before the outer one is compared, which is sound since its own copies are compared as well: its guard is taken to go
to its first copy (1), and an argument that was added where its copies meet stands for what its first copy hands over, which has
to be the same on all edges (2). Then, for each version,

 3. the guard's two edges lead to the first pair and hand over the same;
 4. nothing else leads into the blocks of either side, their own edges apart, and none of them is the function's entry;
 5. no value of a side is used outside of it;
 6. the blocks of each pair have the same arguments by type, operations, and edges, as clause 11 has it.

Invariant: it shares nothing with the pass but the objects it reads. Linear in the blocks of the versions and their depth.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.module import Block, Function
from altru_ir.passes.proofs.certificates import Versions
from altru_ir.passes.proofs.sources import demand
from altru_ir.values import Operation, Successor, Value


class Copies:
    """All versions of a function."""

    def __init__(self, function: Function, versions: list[Versions]) -> None:
        self.function = function
        self.versions = versions
        self.guards = {each.guard.block: each for each in versions if each.guard.block is not None}
        self.original: dict[Value, Value] = {}  # of what a second copy defines
        self.second: dict[Block, Versions] = {}
        for each in versions:
            for first, second in each.pairs:
                self.second[second] = each
                self.original.update((other, value) for value, other in _matched(first, second))
        self.into: dict[Block, list[tuple[Block, Successor | None]]] = {block: [] for block in function.blocks}
        for block in function.blocks:
            for successor in block.ops[-1].successors:
                self.into[successor.block].append((block, successor))
            if block.unwind is not None:
                self.into[block.unwind].append((block, None))
        self.users: dict[Value, set[Block]] = {}
        for block in function.blocks:
            for op in block.ops:
                for value in op.all_operands():
                    self.users.setdefault(value, set()).add(block)

    def compare(self, versions: Versions) -> None:
        """Raises ``InvalidError`` unless both copies are the same program."""
        guard = versions.guard
        demand(guard.decl.name == "cond_br" and guard.block in self.into, "11", "the guard is no branch of the function")
        first, second = {block for block, _ in versions.pairs}, {block for _, block in versions.pairs}
        demand(len(first | second) == 2 * len(versions.pairs), "11", "a block in two pairs")
        yes, no = guard.successors
        demand((yes.block, no.block) == versions.pairs[0], "11", "the guard's edges do not lead to a pair")  # 3
        demand(yes.args == no.args, "11", "the guard's edges hand over different values")
        inner = [each for each in self.versions if each is not versions and each.pairs[0][0] in first]
        whole = first | {block for each in inner for _, block in each.pairs}
        whole |= {each.guard.block for each in inner if each.guard.block is not None}
        for side in (whole, second):
            demand(self.function.blocks[0] not in side and guard.block not in side, "11", "the entry, or the guard, is copied")
            for block in side:
                others = [(each, edge) for each, edge in self.into[block] if each not in side]
                own = all(each is guard.block and edge is not None for each, edge in others)
                demand(not others or (own and block in versions.pairs[0]), "11", "another way in")  # 4
                for value in _defined(block):
                    demand(self.users.get(value, set()) <= side, "11", "a value is used outside")  # 5
        match: dict[Value, Value] = {}
        for block, copy in versions.pairs:
            match.update(_matched(block, copy))
        added = {arg: block for block, copy in versions.pairs for arg in block.args[len(copy.args) :]}
        inside = {value for block in whole for value in _defined(block)}
        found = self.folded(added)

        def same(value: Value, other: Value) -> bool:
            value = self.resolved(value, found)
            return match.get(value) is other if value in inside else value is other

        blocks = dict(versions.pairs)
        for block, copy in versions.pairs:  # 6
            types = [arg.type for arg in block.args[: len(copy.args)]]
            demand(types == [arg.type for arg in copy.args], "11", "other arguments")
            demand(copy.unwind is blocks.get(block.unwind, block.unwind), "11", "another cleanup")  # type: ignore[arg-type]
            demand(len(block.ops) == len(copy.ops), "11", "more operations")
            for op, other in zip(block.ops, copy.ops, strict=True):
                demand(_alike(op, other), "11", f"`{op.name}` and `{other.name}` differ")
                demand(all(map(same, op.operands, other.operands)), "11", f"`{op.name}` has other operands")
                for edge, edge2 in zip(op.successors, other.successors, strict=True):
                    alike = edge.block is edge2.block and edge.block not in whole  # perhaps a guard behind both
                    if not alike:
                        target = self.target(edge.block)
                        alike = blocks.get(target, target) is edge2.block
                    demand(alike and edge.case == edge2.case, "11", "an edge leads elsewhere")
                    demand(len(edge2.args) <= len(edge.args), "11", "an edge hands over less")
                    demand(all(map(same, edge.args, edge2.args)), "11", "an edge hands over something else")

    def target(self, block: Block) -> Block:
        """Where an edge to a block goes once guards are folded (1)."""
        for _ in self.guards:
            if block not in self.guards:
                break
            guard = self.guards[block].guard
            pure = all(op.decl.is_pure or op.decl.is_removable or op.decl.is_projection for op in block.ops[:-1])
            demand(pure and guard is block.ops[-1], "11", "a guard does more than to test")
            demand(guard.successors[0].args == block.args, "11", "a guard hands over something else")
            block = guard.successors[0].block
        return block

    def folded(self, added: dict[Value, Block]) -> dict[Value, Value]:
        """What an argument stands for that was added where copies meet (2)."""
        found: dict[Value, Value] = {}
        handed: dict[Value, list[Value]] = {}
        for arg, block in added.items():
            at = block.args.index(arg)
            handed[arg] = []
            for _, edge in self.into[block]:
                demand(edge is not None and len(edge.args) == len(block.args), "11", "an argument that no edge hands over")
                handed[arg].append(edge.args[at])  # type: ignore[union-attr]
        changed = True
        while changed:
            changed = False
            for arg, values in handed.items():
                known = {self.resolved(value, found): None for value in values}
                value = next((each for each in known if each not in handed), None)
                if arg not in found and value is not None:
                    found[arg], changed = value, True
        for arg, values in handed.items():
            known = dict.fromkeys(self.resolved(value, found) for value in values)
            demand(list(known) == [found.get(arg)], "11", "an argument that stands for several values")
        return found

    def resolved(self, value: Value, found: dict[Value, Value]) -> Value:
        """The value of the first copy, behind arguments that were added."""
        for _ in range(len(self.original) + len(found)):
            if value not in self.original and value not in found:
                break
            value = self.original[value] if value in self.original else found[value]
        return value


def _defined(block: Block) -> Iterator[Value]:
    yield from block.args
    for op in block.ops:
        yield from op.results


def _matched(block: Block, copy: Block) -> Iterator[tuple[Value, Value]]:
    yield from zip(block.args, copy.args, strict=False)
    for op, other in zip(block.ops, copy.ops, strict=False):
        yield from zip(op.results, other.results, strict=False)


def _alike(op: Operation, other: Operation) -> bool:
    here = (op.decl, op.attrs, op.unsafe, op.loc, [r.type for r in op.results], len(op.operands), len(op.successors))
    there = (
        other.decl, other.attrs, other.unsafe, other.loc, [r.type for r in other.results], len(other.operands),
        len(other.successors),
    )  # fmt: skip
    return here == there
