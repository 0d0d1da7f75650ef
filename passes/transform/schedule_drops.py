"""Drop scheduling: what scopes leave open is closed where they are left, on every way, unwinding included.

The front-end writes ``end`` where a scope closes and consumes the values that it made; what it did not write is added here, as
late as possible and in reverse order of definition.

    %a = local : @Loud                      %a = local : @Loud
    init %a, %x                             init %a, %x
    %n = call @f()                =>        br ^1
    ret %n                                ^1 unwind ^2:
                                            %n = call @f()
                                            end %a
                                            ret %n
                                          ^2:
                                            end %a
                                            resume

Rules, cited by number in the code; what is open at a point, ``scopes`` says.
 1. In front of ``ret`` and ``resume`` everything that is open is closed: a local by ``end``, a value by ``drop``. Of what was
    moved out of an owner only the ``rest`` is dropped. What needs no drop is left to the end of the activation.
 2. On an edge, what is open behind its source and not at its target is closed: at the end of the source if that has no
    other successor, at the head of the target if that has no other predecessor, else in a block of its own.
 3. An operation that may panic gets an unwind edge to a chain of blocks that closes what is open there and may hold something,
    the innermost first, then resumes or goes on at the cleanup that its block named before. Chains share their ends. Where
    operations want chains of their own for what some have given away and others not, the *wide* chain of all that is defined
    serves them: it drops the ``rest``, and elaboration leaves out or puts under a flag what is not there.
 4. A block has one unwind target, so it is split where that changes, and behind each definition that the target wants:
    a cleanup uses only what dominates the head of each block that names it.
 5. A panic in a cleanup aborts, so nothing in a cleanup has an unwind edge.

Invariant: afterwards no scope is open at an exit, and each edge closes what its target does not know; written ends and drops
stay where they are. The work is that of three dataflow problems and one walk; the blocks added are at most ``ROOM`` for each
operation that may panic and a few for each scope (the drop tree of rustc's MIR construction is what the wide chains are).
"""

from __future__ import annotations

import attrs

from altru_ir import declare
from altru_ir.behaviour import accesses, may_panic
from altru_ir.declare import CONSUME
from altru_ir.module import Block, Function
from altru_ir.passes.analysis.initialization import Initialization, is_conditional
from altru_ir.passes.analysis.scopes import OpenScopes, cleanups, has_scopes
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.verify.drops import ELABORATED
from altru_ir.source import Location
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value


@attrs.define
class ScheduleDrops(FunctionPass):
    """Adds the ends and drops that a program did not write, at exits, on edges and for panics."""

    name = "schedule-drops"

    def run_on(self, function: Function) -> bool:
        if function.attributes.get(ELABORATED) or not has_scopes(function):
            return False
        partly = moved_from(function)
        added = _Scheduler(function, partly).edges_and_exits()
        chained = _Unwinder(function, partly).run()
        self.count("drops added", added)
        self.count("cleanup blocks added", chained)
        return bool(added or chained)


def moved_from(function: Function) -> set[Value]:
    """The owners out of whose content something is moved, and the values that are dropped under a flag."""
    found: set[Value] = set()
    for op in function.operations():
        if is_conditional(op) and not op.operands[0].type.is_place:
            found.add(op.operands[0])
        if not any(value.type.is_place for value in op.operands):
            continue
        for value, access in accesses(op):
            if access == CONSUME and value.type.is_place:
                root: Value | None = value
                while root is not None and root.operation is not None and root.operation.decl.is_projection:
                    root = root.operation.operands[0]
                    if not root.type.is_place:
                        found.add(root)
                        break
    return found


def closing(value: Value, partly: set[Value], loc: int | Location | None) -> Operation:
    """The operation that closes the scope of ``value``."""
    if value.type.is_place:
        return Operation(declare.find("end"), [value], loc=loc)
    return Operation(declare.find("drop"), [value], {"rest": True} if value in partly else NO_ATTRIBUTES, loc=loc)


class _Scheduler:
    """Rules 1 and 2."""

    def __init__(self, function: Function, partly: set[Value]) -> None:
        assert function.module is not None
        self.function = function
        self.scopes = OpenScopes(function, function.module)
        self.partly = partly
        self.added = 0

    def edges_and_exits(self) -> int:
        scopes, cfg = self.scopes, self.scopes.cfg
        solution = scopes.solution
        into = [len(edges) for edges in cfg.predecessors]
        heads: dict[Block, list[Operation]] = {}
        tails: dict[Block, list[Operation]] = {}
        own: list[tuple[Block, Successor, list[Operation]]] = []
        for number, block in enumerate(cfg.blocks):
            if not solution.reached[number]:
                continue
            last = block.ops[-1]
            end = solution.end[number]
            if last.name in ("ret", "resume"):  # 1
                left = end & scopes.dropping
                if left:
                    tails[block] = self.close(left, last)
            for index, successor in enumerate(last.successors):  # 2
                target = cfg.number[successor.block]
                surplus = scopes.surplus(last, index, end, solution.start[target])
                if not surplus:
                    continue
                ops = self.close(surplus, last)
                if len(last.successors) == 1:
                    tails[block] = ops
                elif into[target] == 1 and not self.conflicts(surplus, successor.block):
                    heads[successor.block] = ops
                else:
                    own.append((block, successor, ops))
        for block, ops in tails.items():
            self.tail(block, ops)
        for block, ops in heads.items():
            self.put(block, 0, ops)
        for block, successor, ops in own:
            self.split(block, successor, ops)
        return self.added

    def close(self, scopes: int, near: Operation) -> list[Operation]:
        loc = near.loc
        ops = [closing(value, self.partly, loc) for value in reversed(self.scopes.in_order(scopes))]
        self.added += len(ops)
        return ops

    def put(self, block: Block, at: int, ops: list[Operation]) -> None:
        for op in ops:
            op.block = block
        block.ops[at:at] = ops

    def conflicts(self, closed: int, block: Block) -> bool:
        """Whether the cleanup of ``block`` closes some of ``closed`` too: what is closed before must not unwind to there."""
        return block.unwind is not None and bool(closed & self.scopes.cleaned[block.unwind])

    def tail(self, block: Block, ops: list[Operation]) -> None:
        """Puts ``ops`` in front of the terminator of ``block``; in a block behind it where its cleanup conflicts."""
        closed = 0
        for op in ops:
            closed |= self.scopes.bit[op.operands[0]]
        if self.conflicts(closed, block):
            last = block.ops.pop()
            behind = self.function.add_block(Block())
            behind.append(last)
            block.append(Operation(declare.find("br"), [], successors=[Successor(behind)], loc=ops[0].loc))
            block = behind
        self.put(block, len(block.ops) - 1, ops)

    def split(self, source: Block, successor: Successor, ops: list[Operation]) -> None:
        """Puts ``ops`` on an edge."""
        target = successor.block
        given = len(target.args) - len(successor.args)
        between = Block(args=[])
        closed = 0
        for op in ops:
            closed |= self.scopes.bit[op.operands[0]]
        between.unwind = None if self.conflicts(closed, source) else source.unwind
        forwarded = [between.add_arg(argument.type) for argument in target.args[:given]]
        self.function.add_block(between)
        self.put(between, 0, ops)
        jump = Operation(declare.find("br"), [], successors=[Successor(target, [*forwarded, *successor.args])], loc=ops[0].loc)
        between.append(jump)
        successor.block = between
        successor.args = []


ROOM = 4
"""How many blocks an operation that may panic may add to the chains before it has to take the wide one."""


class _Unwinder:
    """Rules 3, 4 and 5."""

    def __init__(self, function: Function, partly: set[Value]) -> None:
        assert function.module is not None
        self.function = function
        self.module = function.module
        self.chain: dict[tuple[Block | None, int, bool], Block] = {}
        self.added: list[Block] = []
        self.partly = partly
        self.seen = 0  # what may be there, as `holding` was last told
        self.held = 0  # the scopes that then may hold something
        self.room = 0

    def run(self) -> int:
        if not any(may_panic(op, self.module) for op in self.function.operations()):
            return 0
        self.scopes = OpenScopes(self.function, self.module)
        if not self.scopes.dropping:
            return 0
        cfg = self.scopes.cfg
        self.facts = Initialization(self.function, self.module, cfg)
        self.room = 2 * len(self.scopes.values)
        self.untracked = sum(bit for value, bit in self.scopes.bit.items() if value not in self.facts.paths.roots)
        unwinding = cleanups(cfg.blocks)
        blocks: list[Block] = []
        for number, block in enumerate(cfg.blocks):
            blocks.append(block)
            if self.scopes.solution.reached[number] and block not in unwinding:  # 5
                blocks.extend(self.block(number, block))
        self.function.blocks = [*blocks, *self.added]
        return len(self.added)

    def block(self, number: int, block: Block) -> list[Block]:
        """Gives the operations of a block their unwind edges; the blocks that it is split into behind itself."""
        scopes, facts = self.scopes, self.facts
        written = block.unwind
        known = 0 if written is None else scopes.solution.start[scopes.cfg.number[written]]
        pieces: list[tuple[Block | None, list[Operation]]] = [(None, [])]
        decided = False  # whether the last piece has an operation that may panic
        fresh = 0  # scopes opened in the last piece
        made = 0  # and in the block
        for (op, opened, _), (_, there, _) in zip(scopes.solution.replay(number), facts.there.replay(number), strict=True):
            if op.decl.may_panic and may_panic(op, self.module):
                effect = facts.panic_effect(op)
                opened = opened & ~scopes.closes.get(op, 0) & scopes.dropping & ~known
                left = self.holding(opened, (there & ~effect.empty) | effect.there)
                target, left = self.target(left, opened | ((scopes.dominating(number) | made) & ~known), written)
                if (decided and target is not pieces[-1][0]) or left & fresh:  # 4
                    pieces.append((target, []))
                    fresh, decided = 0, True
                elif not decided:
                    pieces[-1] = (target, pieces[-1][1])
                    decided = True
            pieces[-1][1].append(op)
            fresh |= scopes.opens.get(op, 0)
            made |= scopes.opens.get(op, 0) & ~scopes.locals
        return self.cut(block, pieces)

    def holding(self, scopes: int, there: int) -> int:
        """Those of ``scopes`` that may hold something. Only what has changed since the last call is looked at."""
        paths, bits = self.facts.paths.paths, self.scopes.bit
        changed = there ^ self.seen
        while changed:
            path = paths[changed.bit_length() - 1]
            root = self.facts.paths.roots[path.root]
            changed &= ~root.mask
            bit = bits.get(path.root, 0)
            self.held = self.held | bit if there & root.mask else self.held & ~bit
        self.seen = there
        return scopes & (self.held | self.untracked)

    def cut(self, block: Block, pieces: list[tuple[Block | None, list[Operation]]]) -> list[Block]:
        block.unwind, block.ops = pieces[0]
        found: list[Block] = []
        at = block
        for target, ops in pieces[1:]:
            new = Block()
            new.function = self.function
            new.unwind, new.ops = target, ops
            for op in ops:
                op.block = new
            at.append(Operation(declare.find("br"), [], successors=[Successor(new)], loc=ops[0].loc))
            found.append(new)
            at = new
        return found

    def target(self, left: int, defined: int, written: Block | None) -> tuple[Block | None, int]:
        """The head of a chain that closes ``left`` and then goes on at ``written``, and the scopes that it closes: of the wide
        chain, those of ``defined`` that are still open or no local."""
        self.room += ROOM
        head = self.head(left, written, False)
        if head is None and left:
            left = defined & self.scopes.dropping
            head = self.head(left, written, True)
        return (head if left else written), left

    def head(self, left: int, written: Block | None, wide: bool) -> Block | None:
        """The head of the chain for ``left``; None where it would take more new blocks than there is room for, unless it is
        ``wide``. The innermost is the highest bit."""
        missing: list[int] = []
        rest = left
        while rest and (written, rest, wide) not in self.chain:
            if len(missing) == self.room and not wide:
                self.room = 0  # the search is paid for, too
                return None
            missing.append(rest.bit_length() - 1)
            rest ^= 1 << missing[-1]
        if not wide:
            self.room -= len(missing)
        at = self.chain[written, rest, wide] if rest else written
        for index in reversed(missing):
            rest |= 1 << index
            node = self.chain[written, rest, wide] = Block()
            node.function = self.function
            value = self.scopes.values[index]
            owner = value.owner
            loc = owner.loc if isinstance(owner, Operation) else None
            node.append(closing(value, {value} if wide else self.partly, loc))
            if at is None:
                node.append(Operation(declare.find("resume"), [], loc=loc))
            else:
                node.append(Operation(declare.find("br"), [], successors=[Successor(at)], loc=loc))
            self.added.append(node)
            at = node
        return at


__all__ = ["ScheduleDrops"]
