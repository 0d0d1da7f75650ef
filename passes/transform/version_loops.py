"""Loop versions: a loop twice, and in front of it a test whose outcome makes the checks of the one copy superfluous.

      br ^loop(%zero)                        br ^guard(%zero)
    ^loop(%i: usize):                      ^guard(%g: usize):
      %more = icmp ult %i, %n                %len2 = slice.len %xs
      cond_br %more, ^body, ^done            %fast = icmp ule %n, %len2
    ^body:                            =>     cond_br %fast, ^loop(%g), ^loop2(%g)
      %len = dim %seq, 0                   ^loop(%i: usize):                // as it was; and `eliminate-checks` then
      check.bounds %i, %len                  ...                            // finds that the check cannot fail
      ...                                  ^loop2(%i2: usize):              // a copy, with its check
                                             ...

A check inside of a loop that panics at its tenth iteration has nine iterations behind it that somebody may have seen: it cannot
be done in front of the loop instead. But which copy runs makes no difference at all, so the test may be anything.

Steps, cited by number in the code:
 1. What is to be tested in front of which loop is given (``proofs/conditions``). Outer loops come first; a loop in a copied one
    is versioned in the original alone.
 2. A loop gets a guard, which takes over its edges from outside and hands on the arguments, and a copy, at the end of the
    function.
 3. What the loop defines and others use becomes an argument of the blocks where the two copies meet.
 4. Left alone are those with a value that cannot be handed on (a place, one that moves, one that a cleanup uses), and all once
    the copies are as large as ``GROWTH`` times the function.

Invariant: both copies are the loop, operation by operation (``Versions`` in ``proofs/certificates`` says what a checker
compares), and the guard's operations are pure: a run is what it was. Near-linear in the loops that are copied.

Reference: Bodik, Gupta, Soffa, Complete Removal of Redundant Expressions, PLDI 1998, for restructuring in place of motion.
"""

from __future__ import annotations

from altru_ir import declare
from altru_ir.marks import copies
from altru_ir.module import Block, Function
from altru_ir.passes.analysis.facts import Form
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.loops import Loop, Loops
from altru_ir.passes.proofs import certificates
from altru_ir.passes.transform.guards import Guards
from altru_ir.passes.transform.rewriting import edges_into
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value

GROWTH = 2
SMALL = 400


class LoopVersions:
    """Makes versions of loops of one function. Tables are those of the function as it was, kept up to date where copies touch
    them."""

    def __init__(self, function: Function, loops: Loops, facts: Inequalities) -> None:
        assert function.module is not None
        self.function = function
        self.module = function.module
        self.loops = loops
        self.facts = facts
        self.cfg = facts.cfg
        self.edges = edges_into(function)
        self.cleanups = facts.cleanups
        self.users: dict[Value, dict[Block, None]] = {}
        for block in function.blocks:
            for op in block.ops:
                for value in op.all_operands():
                    self.users.setdefault(value, {})[block] = None
        self.versioned: list[set[Block]] = []
        self.met: dict[Value, tuple[set[Block], dict[Block, Value]]] = {}
        self.left = max(SMALL, GROWTH * sum(len(block.ops) for block in function.blocks))

    def reserve(self, loop: Loop, forms: list[Form]) -> None:
        """Notes that a test in front of a loop is to use what another loop, which may get versions before, defines."""
        header = self.cfg.blocks[loop.header]
        for value in self.values_of(forms):
            self.users.setdefault(value, {})[header] = None

    def values_of(self, forms: list[Form]) -> list[Value]:
        """The values that forms are about."""
        facts = self.facts
        parts = [number for form in forms for each in form for number in facts.factors[each] or (each,)]
        return [value for number in dict.fromkeys(parts) if (value := facts.terms[number][0]) is not None]

    def version(self, loop: Loop, forms: list[Form]) -> certificates.Versions | None:
        """Makes a guard and a copy; None when the loop has to be left alone (4)."""
        blocks = [self.cfg.blocks[number] for number in self.loops.blocks(loop)]
        size = sum(len(block.ops) for block in blocks)
        if size > self.left:
            return None
        inside = set(blocks)
        header = blocks[0]
        outer = self.outer(blocks, inside)
        replaced = self.resolved(forms, header, inside)
        if outer is None or replaced is None or header in self.cleanups:
            return None
        self.left -= size
        self.versioned.append(inside)
        guard = self.guard(header, inside, forms, replaced)
        values, pairs = self.copied(blocks, guard)
        for value, met in outer.items():
            self.meet(value, met, inside, values, dict(pairs))
        return certificates.Versions(guard, tuple(pairs))

    def outer(self, blocks: list[Block], inside: set[Block]) -> dict[Value, dict[Block, Block]] | None:
        """The values of a loop that others use, with their ``meetings``; None when one of them cannot be handed on."""
        found = {}
        for block in blocks:
            for value in [*block.args, *(result for op in block.ops for result in op.results)]:
                outside = [user for user in self.users.get(value, ()) if user not in inside]
                if not outside:
                    continue
                if value.type.is_place or not copies(value.type, self.module):
                    return None
                met = self.meetings(value, inside)
                if met is None:
                    return None
                found[value] = met
        return found

    # -- 2 -----------------------------------------------------------------------------------------------------------------

    def guard(self, header: Block, inside: set[Block], forms: list[Form], replaced: dict[Value, Value]) -> Operation:
        """The block with the test, in front of the loop; its terminator, which has one edge yet."""
        block = Block(None, [Value(value.type) for value in header.args])
        for value in block.args:
            value.owner = block
        block.function = self.function
        block.loc = header.loc
        entering = [(terminator, edge) for terminator, edge in self.edges[header] if terminator.block not in inside]
        for _, edge in entering:
            edge.block = block
        at = self.function.blocks.index(header)
        self.function.blocks.insert(at, block)
        loc = header.ops[0].loc
        here = dict(zip(header.args, block.args, strict=True))  # the copies of a loop right in front may meet at this one
        guards = Guards(self.facts, block, loc, {value: here.get(other, other) for value, other in replaced.items()})
        for form in forms:
            guards.test(form)
        terminator = Operation(declare.find("cond_br"), [guards.condition()], loc=loc)
        terminator.successors = [Successor(header, list(block.args))]
        block.append(terminator)
        self.edges[block] = entering
        self.edges[header] = [each for each in self.edges[header] if each not in entering]
        self.edges[header].append((terminator, terminator.successors[0]))
        self.note(block)
        return terminator

    def copied(self, blocks: list[Block], guard: Operation) -> tuple[dict[Value, Value], list[tuple[Block, Block]]]:
        """Copies of blocks, and of what they define, by original; the guard leads to the first copy as well."""
        values: dict[Value, Value] = {}
        copy_of: dict[Block, Block] = {}
        for block in blocks:
            copy = copy_of[block] = Block(None, [Value(value.type) for value in block.args])
            copy.loc = block.loc
            for value, other in zip(block.args, copy.args, strict=True):
                other.owner = copy
                values[value] = other
            for op in block.ops:
                for value in op.results:
                    values[value] = Value(value.type)
        for block, copy in copy_of.items():
            copy.unwind = block.unwind if block.unwind is None else copy_of.get(block.unwind, block.unwind)
            for op in block.ops:
                successors = [
                    Successor(copy_of.get(edge.block, edge.block), [values.get(v, v) for v in edge.args], edge.case)
                    for edge in op.successors
                ]
                made = Operation(
                    op.decl,
                    [values.get(value, value) for value in op.operands],
                    dict(op.attrs) if op.attrs else NO_ATTRIBUTES,
                    successors,
                    op.unsafe,
                    op.loc,
                )
                made.results = [values[value] for value in op.results]
                for value in made.results:
                    value.owner = made
                copy.append(made)
                for edge in successors:
                    self.edges.setdefault(edge.block, []).append((made, edge))
            self.function.add_block(copy)
            self.note(copy)
        assert guard.block is not None
        second = Successor(copy_of[blocks[0]], list(guard.block.args))
        guard.successors = [*guard.successors, second]
        self.edges[second.block].append((guard, second))
        return values, list(copy_of.items())

    def note(self, block: Block) -> None:
        for op in block.ops:
            for value in op.all_operands():
                self.users.setdefault(value, {})[block] = None

    # -- 3 -----------------------------------------------------------------------------------------------------------------

    def meetings(self, value: Value, inside: set[Block]) -> dict[Block, Block] | None:
        """For each block outside that uses ``value``, and each in front of a meeting, where the copies met before it.

        None when one of them is a cleanup.
        """
        number = self.cfg.number
        found: dict[Block, Block] = {}
        work = [user for user in self.users[value] if user not in inside]
        met: set[Block] = set()
        for block in work:
            if block in found:
                continue
            if block not in number:
                return None  # a block that was made here; it uses what dominates a loop
            meeting = self.behind(block, inside)
            if meeting is None or meeting in self.cleanups:
                return None
            found[block] = meeting
            if meeting not in met:
                met.add(meeting)
                for terminator, _ in self.edges[meeting]:
                    assert terminator.block is not None
                    if terminator.block not in inside:
                        work.append(terminator.block)
        return found

    def behind(self, block: Block, inside: set[Block]) -> Block | None:
        """The last block outside of a loop on the way up the dominator tree from ``block`` into it."""
        parent, blocks = self.cfg.dominators.parent, self.cfg.blocks
        at = self.cfg.number[block]
        while parent[at] >= 0:
            if blocks[parent[at]] in inside:
                return blocks[at]
            at = parent[at]
        return None

    def meet(
        self, value: Value, met: dict[Block, Block], inside: set[Block], values: dict[Value, Value], copy_of: dict[Block, Block]
    ) -> None:
        """Puts arguments where the copies of ``value`` meet, and those in its place outside."""
        copies_of_blocks = set(copy_of.values())
        arguments = {meeting: meeting.add_arg(value.type) for meeting in dict.fromkeys(met.values())}
        for meeting in arguments:
            for terminator, edge in self.edges[meeting]:
                block = terminator.block
                assert block is not None
                if block in inside:
                    given = value
                elif block in copies_of_blocks:
                    given = values[value]
                else:
                    given = arguments[met[block]]
                edge.args = [*edge.args, given]
                self.users.setdefault(given, {})[block] = None
        for block, meeting in met.items():
            replacement = {value: arguments[meeting]}
            for op in block.ops:
                op.replace_operands(replacement)
            self.users.setdefault(arguments[meeting], {})[block] = None
        self.users[value] = {block: None for block in self.users[value] if block in inside}
        self.met[value] = inside, arguments

    def resolved(self, forms: list[Form], header: Block, inside: set[Block]) -> dict[Value, Value] | None:
        """What stands in front of a loop for values of other loops that were versioned; None where nothing does."""
        found: dict[Value, Value] = {}
        for value in self.values_of(forms):
            if not self.is_copied(value, header):
                continue
            other = self.handed(value, header, inside)
            if other is None and value in self.met:
                blocks, arguments = self.met[value]
                meeting = self.behind(header, blocks)
                other = None if meeting is None else arguments.get(meeting)
            if other is None:
                return None
            found[value] = other
        return found

    def is_copied(self, value: Value, header: Block) -> bool:
        """Whether a value is one of a loop that was versioned and that does not hold the header: there are two of it."""
        home = value.owner.block if isinstance(value.owner, Operation) else value.owner
        return any(home in blocks and header not in blocks for blocks in self.versioned)

    def handed(self, value: Value, header: Block, inside: set[Block]) -> Value | None:
        """The argument of a header that is ``value`` wherever control comes in; copies hand over theirs."""
        into = [(terminator.block, edge.args) for terminator, edge in self.edges[header]]
        entering = [args for block, args in into if block not in inside and block in self.cfg.number]
        return next((arg for arg, *given in zip(header.args, *entering, strict=True) if set(given) == {value}), None)
