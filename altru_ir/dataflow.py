'''Dataflow analysis: facts that flow along the control-flow graph until nothing changes.

A ``Problem`` says in which direction facts flow, how they meet (``join`` and its identity ``bottom``), what one operation does
to them (``transfer``), what holds where control enters or leaves the function (``boundary``), and what an edge adds (``edge``).
``solve`` computes the facts at both ends of every block; ``Solution.replay`` gives them at every operation of a block.

    class Written(BitProblem):
        """Which locals may have been written; ``bit`` has a bit for each."""
        def __init__(self, bit):
            self.bit = bit
        def gen(self, op):
            return self.bit.get(op.operands[0], 0) if op.name == "init" else 0

    solve(Written(bit), f.cfg()).start[3]      # an integer: what may have been written before block 3

States are values: ``join`` and ``transfer`` give new ones and change none, and states are compared with ``==``. A set of facts
is a Python integer.

**Unwinding.** A block may name an unwind target, and each of its operations that may panic has that edge. It leaves the
operation in the middle: operands are consumed, no result and no store exists. So an operation has two functions, ``transfer``
to its end and ``panic`` to that edge (unless it is overridden, nothing has happened there). With the operations ``o1 o2 o3``
of which o1 and o3 may panic, forward,

    at the unwind edge = panic(o1, s0) join panic(o3, s2)      where s0 -o1-> s1 -o2-> s2 -o3-> s3 = at the end

and backward, with ``u`` the state at the start of the unwind target,

    before o1 = transfer(o1, after o1) join panic(o1, u)

A panic in a block without an unwind target leaves the function at that operation; backward, ``boundary(op)`` stands for u.

**Order and end.** Blocks wait in a queue in reverse postorder of the direction. What arrives is joined to what was there, so a
state only grows, and the solver ends when no chain of growing states is infinite: a block is visited again only after what
flows into it has grown. Where a lattice has infinite chains, ``widen`` is called where an edge goes against the order (every
cycle has such an edge), and must make every sequence of growing states end. Bit sets on a reducible graph need about as many
visits of a block as there are back edges on a path (Kam and Ullman, Global Data Flow Analysis and Iterative Algorithms, JACM
1976): two or three in practice; as many as loops are nested only where each level has facts that flow out of all others.

Invariants of a solution, tested against paths: forward, ``start[b]`` is the join over all edges into ``b`` (and the boundary
at the entry), and blocks that control cannot reach keep ``bottom``, with ``reached[b]`` false; backward, ``end[b]`` is the
join over all edges out of ``b``. Solutions are least, unless ``widen`` had to widen.

References: Kildall, A Unified Approach to Global Program Optimization, POPL 1973; Nielson, Nielson, Hankin, Principles of
Program Analysis, chapters 2 and 4.
'''

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from heapq import heappop, heappush
from typing import ClassVar, Generic, TypeVar

import attrs

from altru_ir.behaviour import may_panic
from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Block, Module
from altru_ir.values import Operation

State = TypeVar("State")

NOWHERE: frozenset[int] = frozenset()


class Problem(Generic[State]):
    """What to solve; see the module's docstring. Override at least ``bottom``, ``boundary``, ``join`` and ``transfer``."""

    backward: ClassVar[bool] = False
    steps: int = 0
    """How many operations were looked at: the measure of work beside ``Solution.visits``."""

    def bottom(self) -> State:
        """The identity of ``join``: what holds where nothing arrives."""
        raise NotImplementedError

    def boundary(self, op: Operation | None) -> State:
        """Forward: what holds at the entry (``op`` is None). Backward: what holds when control leaves the function at ``op``,
        a terminator without successors or an operation whose panic nobody catches here."""
        raise NotImplementedError

    def join(self, a: State, b: State) -> State:
        """What holds where two paths meet: commutative, associative, idempotent."""
        raise NotImplementedError

    def transfer(self, op: Operation, state: State) -> State:
        """Forward: the state after ``op`` from the state before it. Backward: the other way round. Monotone."""
        raise NotImplementedError

    def panic(self, op: Operation, state: State) -> State:
        """As ``transfer``, between before ``op`` and its unwind edge; nothing has happened there unless overridden."""
        return state

    def edge(self, op: Operation, index: int, state: State) -> State | None:
        """As ``transfer``, for the edge from the terminator ``op`` to its successor ``index``, which binds the arguments of the
        block; unchanged unless overridden. None says that control does not take this edge."""
        return state

    def widen(self, old: State, new: State) -> State:
        """A state not below ``new``, which is above ``old``; makes endless growth end where the lattice does not."""
        return new

    def may_panic(self, op: Operation, module: Module | None) -> bool:
        """Whether ``op`` has the unwind edge."""
        return op.decl.may_panic if module is None else may_panic(op, module)

    # -- whole blocks, by going through their operations; overridden where a block can be summed up --

    def forget(self) -> None:
        """Called before each solution: what was kept of blocks may be out of date."""

    def through(self, block: Block, panics: Set[int], state: State) -> tuple[State, State | None]:
        """Forward: the states at the end of ``block`` and at its unwind edge, which leaves from the positions ``panics``."""
        unwind: State | None = None
        for at, op in enumerate(block.ops):
            if at in panics:
                left = self.panic(op, state)
                unwind = left if unwind is None else self.join(unwind, left)
            state = self.transfer(op, state)
        self.steps += len(block.ops)
        return state, unwind

    def back_through(self, block: Block, panics: Set[int], state: State, unwind: State | None) -> State:
        """Backward: the state at the start of ``block``; ``unwind`` is that of its unwind target, None when it has none."""
        ops = block.ops
        for at in range(len(ops) - 1, -1, -1):
            state = self.before(ops[at], at in panics, state, unwind)
        self.steps += len(ops)
        return state

    def before(self, op: Operation, panics: bool, state: State, unwind: State | None) -> State:
        """Backward: the state before ``op``, which ``panics`` or not."""
        found = self.transfer(op, state)
        if panics:
            found = self.join(found, self.panic(op, self.boundary(op) if unwind is None else unwind))
        return found


class BitProblem(Problem[int]):
    """A problem over sets of facts, each an integer with one bit per fact, where an operation adds some and takes some away.

    With ``must`` false a fact holds where it holds on some path, with ``must`` true where it holds on all (then ``bottom`` is
    -1, all facts there could be). A block is summed up once, so that a visit costs the same however long the block is: a pair
    ``(gen, keep)`` with gen within keep is the function ``s -> gen | s & keep``, for each bit "yes", "no" or "as before".
    """

    must: ClassVar[bool] = False

    def gen(self, op: Operation) -> int:
        """The facts that ``op`` makes true; they win over ``kill``."""
        return 0

    def kill(self, op: Operation) -> int:
        """The facts that ``op`` makes false."""
        return 0

    def panic_gen(self, op: Operation) -> int:
        """The facts that ``op`` makes true on its unwind edge."""
        return 0

    def panic_kill(self, op: Operation) -> int:
        """The facts that ``op`` makes false on its unwind edge."""
        return 0

    def acting(self, block: Block) -> list[int] | None:
        """The positions of the operations of ``block`` that change facts, for a problem that knows them; None for all."""
        return None

    def bottom(self) -> int:
        return -1 if self.must else 0

    def boundary(self, op: Operation | None) -> int:
        return 0

    def join(self, a: int, b: int) -> int:
        return a & b if self.must else a | b

    def transfer(self, op: Operation, state: int) -> int:
        return self.gen(op) | (state & ~self.kill(op))

    def panic(self, op: Operation, state: int) -> int:
        return self.panic_gen(op) | (state & ~self.panic_kill(op))

    _sums: dict[Block, tuple[int, int, int, int]]

    def forget(self) -> None:
        self._sums = {}

    def through(self, block: Block, panics: Set[int], state: int) -> tuple[int, int | None]:
        gen, keep, unwind_gen, unwind_keep = self._sum(block, panics)
        return gen | (state & keep), unwind_gen | (state & unwind_keep) if panics else None

    def back_through(self, block: Block, panics: Set[int], state: int, unwind: int | None) -> int:
        gen, keep, unwind_gen, unwind_keep = self._sum(block, panics)
        found = gen | (state & keep)
        # Without a target the boundary of each panic is in `unwind_gen`, and the function does not depend on its argument.
        return self.join(found, unwind_gen | ((unwind or 0) & unwind_keep)) if panics else found

    def _sum(self, block: Block, panics: Set[int]) -> tuple[int, int, int, int]:
        """The function of the whole block, and the join of those from its start to each panic (backward: turned round)."""
        known = self._sums.get(block)
        if known is not None:
            return known
        self.steps += len(block.ops)
        gen, keep = 0, -1
        unwind_gen = unwind_keep = self.bottom()
        acting = self.acting(block)
        for at in range(len(block.ops)) if acting is None else sorted({*acting, *panics}):
            op = block.ops[at]
            if at in panics:
                its_gen = self.panic_gen(op)
                its_keep = its_gen | ~self.panic_kill(op)
                if self.backward:
                    if block.unwind is None:
                        its_gen = its_keep = its_gen | (self.boundary(op) & its_keep)
                    its_gen, its_keep = gen | (its_gen & keep), gen | (its_keep & keep)
                else:
                    its_gen, its_keep = its_gen | (gen & its_keep), its_gen | (keep & its_keep)
                unwind_gen, unwind_keep = self.join(unwind_gen, its_gen), self.join(unwind_keep, its_keep)
            made = self.gen(op)
            kept = made | ~self.kill(op)
            if self.backward:  # what stands later is applied first
                gen, keep = gen | (made & keep), gen | (kept & keep)
            else:
                gen, keep = made | (gen & kept), made | (keep & kept)
        self._sums[block] = found = (gen, keep, unwind_gen, unwind_keep)
        return found


@attrs.define
class Solution(Generic[State]):
    """What holds where; all lists are by block number of ``cfg``.

    ``start`` and ``end``: before the first operation of a block and behind its last. ``unwind``: forward, at its unwind edge,
    None where nothing leaves there. ``visits`` counts visits of blocks.
    """

    problem: Problem[State]
    cfg: ControlFlowGraph
    start: list[State]
    end: list[State]
    unwind: list[State | None]
    reached: list[bool]
    visits: int = 0

    def replay(self, block: int) -> Iterator[tuple[Operation, State, State]]:
        """The operations of a block in order, each with the state before it and the state behind it."""
        problem, node = self.problem, self.cfg.blocks[block]
        if not problem.backward:
            state = self.start[block]
            for op in node.ops:
                after = problem.transfer(op, state)
                yield op, state, after
                state = after
            return
        found: list[tuple[Operation, State, State]] = []
        state = self.end[block]
        unwind = None if node.unwind is None else self.start[self.cfg.number[node.unwind]]
        panics = panicking(problem, node)
        for at in range(len(node.ops) - 1, -1, -1):
            before = problem.before(node.ops[at], at in panics, state, unwind)
            found.append((node.ops[at], before, state))
            state = before
        yield from reversed(found)


def panicking(problem: Problem[State], block: Block) -> frozenset[int]:
    """The positions of the operations of ``block`` that may panic."""
    module = block.function.module if block.function is not None else None
    return frozenset([at for at, op in enumerate(block.ops) if op.decl.may_panic and problem.may_panic(op, module)])


def solve(problem: Problem[State], cfg: ControlFlowGraph) -> Solution[State]:
    """The least solution of ``problem`` on ``cfg``."""
    blocks = range(len(cfg.blocks))
    start, end = [problem.bottom() for _ in blocks], [problem.bottom() for _ in blocks]
    unwind: list[State | None] = [None for _ in blocks]
    solution = Solution(problem, cfg, start, end, unwind, [problem.backward for _ in blocks])
    if not cfg.blocks:
        return solution
    problem.forget()
    if problem.backward:
        order = [*cfg.postorder, *(b for b in blocks if not cfg.dominators.reachable(b))]
        _Solver(solution, order).run(order, _Solver.backward)
    else:
        solution.start[0] = problem.boundary(None)
        solution.reached[0] = True
        _Solver(solution, cfg.reverse_postorder).run([0], _Solver.forward)
    return solution


class _Solver(Generic[State]):
    """The queue of blocks, by their places in the order of visits."""

    def __init__(self, solution: Solution[State], order: list[int]) -> None:
        self.solution = solution
        self.problem = solution.problem
        self.cfg = solution.cfg
        self.order = order
        self.place = [0] * len(self.cfg.blocks)
        for at, block in enumerate(order):
            self.place[block] = at
        self.queue: list[int] = []
        self.queued = [False] * len(self.cfg.blocks)
        self.panics: dict[int, frozenset[int]] = {}

    def run(self, first: list[int], visit: Callable[[_Solver[State], int], None]) -> None:
        for block in first:
            self.push(block)
        while self.queue:
            block = self.order[heappop(self.queue)]
            self.queued[block] = False
            self.solution.visits += 1
            visit(self, block)

    def push(self, block: int) -> None:
        if not self.queued[block]:
            self.queued[block] = True
            heappush(self.queue, self.place[block])

    def panics_of(self, block: int) -> frozenset[int]:
        found = self.panics.get(block)
        if found is None:
            node = self.cfg.blocks[block]
            wanted = self.problem.backward or node.unwind is not None
            found = self.panics[block] = panicking(self.problem, node) if wanted else NOWHERE
        return found

    def forward(self, block: int) -> None:
        problem, solution, number = self.problem, self.solution, self.cfg.number
        node = self.cfg.blocks[block]
        end, unwind = problem.through(node, self.panics_of(block), solution.start[block])
        solution.end[block] = end
        solution.unwind[block] = unwind
        if unwind is not None and node.unwind is not None:
            self.arrive(block, number[node.unwind], unwind)
        if node.ops:
            terminator = node.ops[-1]
            for index, successor in enumerate(terminator.successors):
                state = problem.edge(terminator, index, end)
                if state is not None:
                    self.arrive(block, number[successor.block], state)

    def arrive(self, source: int, target: int, state: State) -> None:
        """Joins what an edge brings to what is known at the start of its target."""
        solution = self.solution
        old = solution.start[target]
        new = self.problem.join(old, state)
        if solution.reached[target]:
            if new == old:
                return
            if self.place[target] <= self.place[source]:
                new = self.problem.widen(old, new)
        solution.reached[target] = True
        solution.start[target] = new
        self.push(target)

    def backward(self, block: int) -> None:
        problem, solution, number = self.problem, self.solution, self.cfg.number
        node = self.cfg.blocks[block]
        place, against = self.place[block], False
        end = problem.bottom()
        if node.ops:
            terminator = node.ops[-1]
            if not terminator.successors:
                end = problem.join(end, problem.boundary(terminator))
            for index, successor in enumerate(terminator.successors):
                target = number[successor.block]
                against |= self.place[target] >= place
                state = problem.edge(terminator, index, solution.start[target])
                if state is not None:
                    end = problem.join(end, state)
        solution.end[block] = end
        unwind = None
        if node.unwind is not None:
            target = number[node.unwind]
            against |= self.place[target] >= place
            unwind = solution.start[target]
        old = solution.start[block]
        start = problem.join(old, problem.back_through(node, self.panics_of(block), end, unwind))
        if start != old:
            solution.start[block] = problem.widen(old, start) if against else start
            for predecessor in self.cfg.predecessors[block]:
                self.push(predecessor)
