"""The loop forest: which blocks run again, nested, irreducible regions included.

A depth-first search numbers the blocks. The loop of a header ``h`` is what leads back to ``h`` below it in the search tree: all
``x`` under ``h`` from which a path that stays under ``h`` ends in ``h``. Loops are nested or apart; the outermost ones are the
strongly connected components. A loop that is entered at another block than its header as well is **irreducible**, and then
the header is the entry that the search met first.

    ^head:  // loops: header of a loop of depth 1, 2 blocks
    ^body:  // loops: in ^head, depth 1

Steps, cited by number in the code (Havlak, Nesting of Reducible and Irreducible Loops, TOPLAS 1997, in the almost linear form
of Ramalingam, Identifying Loops in Almost Linear Time, TOPLAS 1999):
 1. edges that neither lead down nor up the search tree wait at the lowest block above both ends (Tarjan's off-line search);
 2. blocks are taken from the last found to the first; a block collects, backwards from what leads back to it, what is under
    it, a loop found before standing for all of its blocks (union-find);
 3. when a waiting edge comes up, the loops around its target that are inside the block where it waited have an entry
    beside their header: they are irreducible.

Invariants: ``order`` has each loop's blocks in one piece, its header first, and every edge goes forward in it but those to the
header of a loop around their source. That holds for irreducible loops too if an edge into a loop counts as one to its
first block. Blocks that the entry does not reach are in no loop and not in ``order``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Function
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes, labels


class Loop:
    """A loop. ``depth`` is 1 for an outermost one; ``start`` and ``end`` delimit its blocks in the forest's ``order``."""

    __slots__ = ("_jump", "children", "depth", "end", "header", "irreducible", "parent", "start")

    def __init__(self, header: int, parent: Loop | None, irreducible: bool) -> None:
        self.header = header
        self.parent = parent
        self.children: list[Loop] = []
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.irreducible = irreducible
        self.start = self.end = 0
        # A second way up, so long that any ancestor is found in logarithmic time (Myers, An Applicative Random-Access Stack,
        # Information Processing Letters 1983).
        self._jump: Loop | None = parent
        if parent is not None:
            parent.children.append(self)
            far = parent._jump
            if far is not None and parent.depth - far.depth == far.depth - (far._jump.depth if far._jump else 0):
                self._jump = far._jump

    def __repr__(self) -> str:
        return f"<loop of {self.header}, depth {self.depth}>"


class Loops(FunctionAnalysis):
    """The loop forest: headers, nesting, irreducible regions.

    ``innermost[b]`` is the smallest loop around block ``b`` or None, ``roots`` are the outermost loops, ``all`` every loop,
    outer ones before inner ones; ``order`` is described above, and ``place[b]`` is the place of ``b`` in it, -1 for none.
    """

    name = "loops"
    follows = (ControlFlow,)

    def __init__(self, cfg: ControlFlowGraph) -> None:
        self.cfg = cfg
        header, kind = find_headers(cfg.successors)
        count = len(cfg.blocks)
        self.innermost: list[Loop | None] = [None] * count
        self.roots: list[Loop] = []
        self.all: list[Loop] = []
        loops: dict[int, Loop] = {}
        inside: dict[int, list[int]] = {-1: []}  # what stands directly in a loop, an inner loop by its header
        for block in cfg.reverse_postorder:  # an outer header comes before the inner ones
            around = header[block]
            inside[around].append(block)
            irreducible = kind[block]
            if irreducible is not None:
                loop = loops[block] = Loop(block, loops.get(around), irreducible)
                inside[block] = []
                self.all.append(loop)
                if loop.parent is None:
                    self.roots.append(loop)
                self.innermost[block] = loop
            else:
                self.innermost[block] = loops.get(around)
        self.order: list[int] = []
        self.place = [-1] * count
        work: list[tuple[Loop | None, Iterator[int]]] = [(None, iter(inside[-1]))]
        while work:
            within, rest = work[-1]
            for block in rest:
                self.place[block] = len(self.order)
                self.order.append(block)
                found = loops.get(block)
                if found is not None:
                    found.start = self.place[block]
                    work.append((found, iter(inside[block])))
                    break
            else:
                work.pop()
                if within is not None:
                    within.end = len(self.order)

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(ControlFlow, function))

    def contains(self, loop: Loop, block: int) -> bool:
        """Whether ``block`` is in ``loop`` or in a loop inside of it."""
        return loop.start <= self.place[block] < loop.end

    def blocks(self, loop: Loop) -> list[int]:
        """The blocks of a loop and of the loops in it, the header first."""
        return self.order[loop.start : loop.end]

    def depth(self, block: int) -> int:
        """In how many loops a block is."""
        loop = self.innermost[block]
        return 0 if loop is None else loop.depth

    def outermost_without(self, block: int, other: int) -> Loop | None:
        """The largest loop around ``block`` that ``other`` is not in; None when it is in all. Logarithmic in the nesting."""
        loop, place = self.innermost[block], self.place[other]
        if loop is None or loop.start <= place < loop.end:
            return None
        while loop.parent is not None and not loop.parent.start <= place < loop.parent.end:
            far = loop._jump
            loop = loop.parent if far is None or far.start <= place < far.end else far
        return loop

    def latches(self, loop: Loop) -> list[int]:
        """The blocks of a loop with an edge to its header."""
        return [b for b in dict.fromkeys(self.cfg.predecessors[loop.header]) if self.contains(loop, b)]

    def entries(self, loop: Loop) -> list[int]:
        """The blocks of a loop with an edge from outside that can be reached, in order; the header alone unless the loop is
        irreducible (or the header the entry of the function)."""
        before = self.cfg.predecessors
        return [
            b for b in self.blocks(loop)
            if b == 0 or any(self.place[p] >= 0 and not self.contains(loop, p) for p in before[b])
        ]  # fmt: skip

    def exits(self, loop: Loop) -> list[tuple[int, int]]:
        """The edges that leave a loop, each once."""
        after = self.cfg.successors
        return list(dict.fromkeys((b, s) for b in self.blocks(loop) for s in after[b] if not self.contains(loop, s)))

    def describe(self, notes: Notes) -> None:
        blocks = self.cfg.blocks
        for number, block in enumerate(blocks):
            loop = self.innermost[number]
            if self.place[number] < 0:
                notes.block(block, "unreachable")
            elif loop is None:
                notes.block(block, "in no loop")
            elif loop.header == number:
                size = loop.end - loop.start
                text = f"header of a loop of depth {loop.depth}, {size} {'block' if size == 1 else 'blocks'}"
                if loop.irreducible:
                    text += f", irreducible: entered at {labels(blocks[b] for b in self.entries(loop))}"
                notes.block(block, text)
            else:
                notes.block(block, f"in ^{blocks[loop.header].label}, depth {loop.depth}")


def find_headers(successors: list[list[int]]) -> tuple[list[int], list[bool | None]]:
    """The header of the smallest loop around each block, and what its own loop is.

    Returns two lists by block. The first has the header of the smallest loop that the block is in and is not the header of,
    -1 for none. The second has None for a block that is no header, else whether its loop is irreducible. The search starts at
    block 0 and takes successors in order.
    """
    tree = _Search(successors)
    count = len(tree.order)
    parent = [-1] * count  # from here on blocks are numbered as they were found
    irreducible: list[bool | None] = [None] * count
    union = list(range(count))  # a block, or the header of the largest loop around it so far
    up = list(range(count))  # a loop, or one further out if it and all in between are known to be irreducible
    before: list[list[int]] = [[] for _ in range(count)]  # what leads to a block or to the loop that it stands for
    for at in range(count - 1, -1, -1):  # 2
        for source, target in tree.waiting[at]:
            before[find(union, target)].append(source)
            inner = parent[target]
            while inner >= 0:  # 3
                inner = find(up, inner)
                irreducible[inner] = True
                outer = parent[inner]
                if outer >= 0:
                    up[inner] = outer
                inner = outer
        if not tree.back[at]:
            continue
        irreducible[at] = False
        seen = {at}
        body: list[int] = []
        work = [tree.back[at]]
        while work:
            for source in work.pop():
                found = find(union, source)
                if found not in seen:
                    seen.add(found)
                    body.append(found)
                    work.append(before[found])
                    work.append([tree.above[found]])
        for member in body:
            parent[member] = union[member] = at
    header = [-1] * len(successors)
    kind: list[bool | None] = [None] * len(successors)
    for at, block in enumerate(tree.order):
        header[block] = tree.order[parent[at]] if parent[at] >= 0 else -1
        kind[block] = irreducible[at]
    return header, kind


def find(forest: list[int], at: int) -> int:
    """The root above ``at`` in a forest of parents, whose paths get shorter by each search."""
    while forest[at] != at:
        forest[at] = forest[forest[at]]
        at = forest[at]
    return at


class _Search:
    """The depth-first search. But for ``order``, the blocks as they were found, everything is in numbers of that order.

    ``above`` is the parent in the search tree, ``back`` has the sources of the edges that lead up to a block (or stay there),
    and ``waiting`` those edges, as pairs, that wait at a block (1): from it down to what was reached before, or across.
    """

    def __init__(self, successors: list[list[int]]) -> None:
        number = [-1] * len(successors)
        self.order: list[int] = []
        self.above: list[int] = []
        self.back: list[list[int]] = []
        self.waiting: list[list[tuple[int, int]]] = []
        path: list[int] = []  # a block, or, when all below it is done, the lowest above it that is not
        work: list[tuple[int, Iterator[int]]] = []

        def enter(block: int, above: int) -> None:
            number[block] = len(self.order)
            path.append(len(self.order))
            work.append((len(self.order), iter(successors[block])))
            self.order.append(block)
            self.above.append(above)
            self.back.append([])
            self.waiting.append([])

        if successors:
            enter(0, 0)
        while work:
            at, rest = work[-1]
            for block in rest:
                to = number[block]
                if to < 0:
                    enter(block, at)
                    break
                if path[to] == to:
                    self.back[to].append(at)
                else:
                    self.waiting[find(path, to)].append((at, to))
            else:
                work.pop()
                path[at] = self.above[at]
