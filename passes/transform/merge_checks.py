"""Merged checks: several checks of one block become one test, and where that fails they are done one by one, as they stood.

      check.bounds %i, %n                       %least = icmp uge %i, %one      // i >= 1
      %x = load %a                              %most = icmp ule %i, %n_less_2  // i + 2 <= n
      check.bounds %before, %n           =>     %both = and %least, %most
      %y = load %b                              cond_br %both, ^fast, ^slow
      check.bounds %after, %n                 ^fast:                            // the same, and `eliminate-checks` then finds
      %z = load %c                              ...                             // that no check in it can fail
                                                br ^behind(%x, %y, %z)
                                              ^slow:                            // a copy, with its checks
                                                ...
                                                br ^behind(%x2, %y2, %z2)

A check must not be done earlier than it stands: what is stored in front of it may be seen, or another panic come first. But
which copy runs makes no difference, so the test may be anything (``version_loops`` says the same of loops).

Steps, cited by number in the code:
 1. The checks of a block that nothing else helps are taken by the length that they are about. What would prove them is asked
    of the prover: goals whose numbers are all there in front of the first of them may be assumed. What is computed is not, so
    that ``i - 1``, ``i`` and ``i + 1`` come down to one number.
 2. Of two conditions that differ in their constants the stronger one is enough: a group comes to its least and greatest index.
 3. A group is merged if it has fewer conditions than checks. Groups of one block that have all their numbers in front of the
    first check are one; what lies between the first check and the last has two copies, at most ``LONGEST`` operations.
 4. Left alone is what holds a call, a value that cannot be handed on (one that moves), or storage that begins there. A path
    that is used behind is made again there, for a path is evaluated where it is used.

Invariant: both copies are the same operations (a checker compares them, clause 11 of ``certificates``), and those of the test
are pure: a run is what it was, and a panic has its values and its place. Near-linear.

References: Gupta, Optimizing Array Bound Checks Using Flow Analysis, LOPLAS 1993 (checks that are subsumed, and groups);
Kolte and Wolfe, Elimination of Redundant Array Subscript Range Checks, PLDI 1995 (families of checks with a strongest member).
"""

from __future__ import annotations

import attrs

from altru_ir import declare
from altru_ir.marks import copies
from altru_ir.module import Block, Function
from altru_ir.passes.analysis.facts import Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs.certificates import MERGED, Versions
from altru_ir.passes.proofs.goals import nodes_of, proven
from altru_ir.passes.proofs.nodes import assumptions
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.transform.guards import Guards, testable
from altru_ir.passes.transform.rewriting import again
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value

LONGEST = 64
MOST_CONDITIONS = 4
GROWTH = 2
SMALL = 200
COMPUTING = frozenset({"add", "sub"})


@attrs.frozen
class Group:
    """Checks of one block, in order, and what together would prove them."""

    checks: tuple[Operation, ...]
    forms: tuple[Form, ...]


class _InFront:
    """Step 1: what may be assumed at a check: relations of numbers that are there in front of the first one of a group."""

    def __init__(self, facts: Inequalities, first: Operation) -> None:
        assert first.block is not None
        self.facts = facts
        self.header: Block = first.block
        self.limit = facts.rank_at(first)

    def __call__(self, goal: Form, point: Point) -> bool:
        facts = self.facts
        if point.block is not self.header or point.into is not None or point.rank < self.limit:
            return False
        return all(facts.rank[each] < self.limit and self._is_plain(each) for each in goal if each) and testable(goal, facts)

    def _is_plain(self, number: int) -> bool:
        for each in self.facts.factors[number] or (number,):
            value = self.facts.terms[each][0]
            op = None if value is None else value.operation
            if op is not None and op.decl.name in COMPUTING:
                return False
        return True


class MergedChecks:
    """Merges checks of one function. ``kept`` are those that cannot be proven, and that no test in front of a loop helps."""

    def __init__(self, function: Function, facts: Inequalities, kept: set[Operation]) -> None:
        assert function.module is not None
        self.function = function
        self.module = function.module
        self.facts = facts
        self.kept = kept
        self.left = max(SMALL, GROWTH * sum(len(block.ops) for block in function.blocks))
        self.users: dict[Value, list[Operation]] = {}

    def merge(self) -> list[tuple[Group, Versions]]:
        """Merges what is worth it; the groups, each with its two copies."""
        groups = []
        for block in self.function.blocks:
            checks = [op for op in block.ops if op in self.kept and op.decl.name in ("check.bounds", "check.subrange")]
            group = self.group(checks) if len(checks) > 1 and block not in self.facts.cleanups else None
            if group is not None:
                groups.append((block, group))
        if groups:
            for op in self.function.operations():
                self.note(op)
        made = [(group, self.apart(block, group)) for block, group in groups]
        return [(group, versions) for group, versions in made if versions is not None]

    def note(self, op: Operation) -> None:
        """Keeps who uses what."""
        for value in op.all_operands():
            self.users.setdefault(value, []).append(op)

    # -- 1 to 3 ------------------------------------------------------------------------------------------------------------

    def group(self, checks: list[Operation]) -> Group | None:
        """The checks of a block that are worth it; None if there are none."""
        by_length: dict[Value | int, list[Operation]] = {}
        for op in checks:
            number, _ = self.facts.number(op.operands[-1], "u")
            by_length.setdefault(number or op.operands[-1], []).append(op)
        found: Group | None = None
        for each in by_length.values():
            group = self._of(each[:], each[0]) if len(each) > 1 else None
            if group is None or len(group.forms) >= len(group.checks):
                continue
            if found is None:
                found = group
                continue
            first = min(found.checks[0], group.checks[0], key=self.facts.rank_at)
            if all(self._is_there(form, first) for form in (*found.forms, *group.forms)):
                together = sorted((*found.checks, *group.checks), key=self.facts.rank_at)
                found = Group(tuple(together), (*found.forms, *group.forms))
        return found

    def _is_there(self, form: Form, first: Operation) -> bool:
        rank = self.facts.rank_at(first)
        return all(self.facts.rank[each] < rank for each in form if each)

    def _of(self, checks: list[Operation], first: Operation) -> Group | None:
        """What would prove checks, in front of the first one; those that it cannot be said of are left out."""
        allowed = _InFront(self.facts, first)
        forms: list[Form] = []
        taken = []
        for op in checks:
            prover = Prover(self.facts)
            prover.assume = allowed
            for form in forms:
                prover.suppose(form, allowed.header)
            nodes = proven(op, prover)
            if nodes is None:
                if op is first:
                    return None
                continue
            both = _strongest([*forms, *assumptions(nodes_of(nodes))])
            if len(both) <= MOST_CONDITIONS:
                forms = both
                taken.append(op)
        return Group(tuple(taken), tuple(forms)) if len(taken) > 1 and taken[0] is first else None

    # -- 4 -----------------------------------------------------------------------------------------------------------------

    def apart(self, block: Block, group: Group) -> Versions | None:
        """Takes a block apart, with a test in front of two copies of what holds the checks; None where that cannot be done."""
        start, end = block.ops.index(group.checks[0]), block.ops.index(group.checks[-1]) + 1
        region = block.ops[start:end]
        if len(region) > min(LONGEST, self.left) or any(op.decl.callee is not None or op.successors for op in region):
            return None
        outside = self._used_outside(block, region)
        if outside is None:
            return None
        handed, paths = outside
        self.left -= len(region)
        behind = self._block(block, [value.type for value in handed])
        fast, slow = self._block(block, []), self._block(block, [])
        replacement = dict(zip(handed, behind.args, strict=True))
        for op in paths:
            made = self.copied(op, replacement)
            replacement[op.result] = made.result
            behind.append(made)
        for op in block.ops[end:]:
            behind.append(op)
        block.ops = block.ops[:start]
        inside = set(region)
        for value in list(replacement):
            for op in dict.fromkeys(self.users.get(value, ())):
                if op not in inside and op.block is not fast:
                    op.replace_operands(replacement)
                    self.note(op)
        values: dict[Value, Value] = {}
        for op in region:
            fast.append(op)
            slow.append(self.copied(op, values))
        self._jump(fast, behind, list(handed), region[-1])
        self._jump(slow, behind, [values[value] for value in handed], region[-1])
        at = self.function.blocks.index(block) + 1
        self.function.blocks[at:at] = [fast, behind]
        self.function.add_block(slow)
        guards = Guards(self.facts, block, region[0].loc, {})
        for form in group.forms:
            guards.test(form)
        condition = guards.condition()
        branch = Operation(
            declare.find("cond_br"), [condition], {MERGED: len(group.forms)}, [Successor(fast, []), Successor(slow, [])],
            loc=region[0].loc,
        )  # fmt: skip
        block.append(branch)
        return Versions(branch, ((fast, slow),))

    def _used_outside(self, block: Block, region: list[Operation]) -> tuple[list[Value], list[Operation]] | None:
        """The values of a region that are handed on, and the paths that are made again behind it."""
        inside = {value for op in region for value in op.results}
        in_region = set(region)
        used: dict[Value, None] = {}
        for value in (value for op in region for value in op.results):
            if any(user not in in_region and value in user.all_operands() for user in self.users.get(value, ())):
                used[value] = None
        paths: dict[Operation, None] = {}
        work = list(used)
        for value in work:
            op = value.operation
            if op is not None and value.type.is_place:
                if not op.decl.is_projection:
                    return None
                paths[op] = None
                more = [operand for operand in op.operands if operand in inside and operand not in used]
                used.update((operand, None) for operand in more)
                work += more
            elif not copies(value.type, self.module):
                return None
        handed = [value for op in region for value in op.results if value in used and not value.type.is_place]
        return handed, [op for op in region if op in paths]

    def _block(self, like: Block, types: list[object]) -> Block:
        made = Block(None, [Value(type) for type in types])  # type: ignore[arg-type]
        for value in made.args:
            value.owner = made
        made.unwind = like.unwind
        made.function = self.function
        made.loc = like.loc
        return made

    def _jump(self, block: Block, to: Block, given: list[Value], last: Operation) -> None:
        made = Operation(declare.find("br"), [], NO_ATTRIBUTES, [Successor(to, given)], loc=last.loc)
        block.append(made)
        self.note(made)

    def copied(self, op: Operation, values: dict[Value, Value]) -> Operation:
        """``again``, noted."""
        made = again(op, values)
        self.note(made)
        return made


def _strongest(forms: list[Form]) -> list[Form]:  # 2
    """Of forms that differ in their constants the one with the smallest."""
    found: dict[frozenset[tuple[int, int]], Form] = {}
    for form in forms:
        key = frozenset((number, coefficient) for number, coefficient in form.items() if number)
        known = found.get(key)
        if known is None or form.get(0, 0) < known.get(0, 0):
            found[key] = form
    return list(found.values())
