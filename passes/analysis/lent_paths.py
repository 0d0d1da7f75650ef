"""Lent paths: for an access, all loans whose paths it concerns, at once.

    %r = borrow mut %x.a        loans 0: %x.a
    %s = borrow %x.b            1: %x.b
    assign %x.a, %n             concerns {0}, whatever else of %x is lent

The answer is that of ``loan_paths.conflict`` for each of the loans, but found in one walk down the tree of paths: what an
access is apart from is not looked at. So n loans and n accesses of n elements of one array are not n times n questions. Sets of
loans are sets of bits, and each kind of access of a path is looked up once.

Rules, cited by number in the code, after the clauses of ``loan_paths``:
 1. nodes that may name the same storage as the access so far go along with it; a loan of one of them is of something around
    what is accessed;
 2. a step that is apart from that of the access leads to nothing; one by which unions overlap, or whose kind is another, leads
    to loans that are all concerned;
 3. below the nodes where the access ends are loans of its parts, as far as such an access goes.

Invariant: ``of`` is the set of loans for which ``conflict`` holds (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable

from altru_ir.module import Module
from altru_ir.passes.analysis.element_sets import apart
from altru_ir.passes.analysis.loan_paths import Path, goes_through, touches_all
from altru_ir.passes.analysis.loan_points import Loan

SOME = "some elements"


class LentPaths:
    """The loans of one function by their paths."""

    def __init__(self, loans: Iterable[Loan], module: Module) -> None:
        self.module = module
        self.at: dict[Path, int] = {}
        self.within: dict[Path, int] = {}  # at the path or below it
        self.steps: dict[Path, dict[str, list[Path]]] = {}  # those that lead to loans, by kind
        self._known: dict[tuple[Path, str], int] = {}
        by_path: dict[Path, int] = {}
        for loan in loans:
            if loan.path is not None:
                by_path[loan.path] = by_path.get(loan.path, 0) | 1 << loan.number
        for path, bits in by_path.items():
            self.at[path] = bits
            node: Path | None = path
            while node is not None:
                if node not in self.within and node.parent is not None:
                    self.steps.setdefault(node.parent, {}).setdefault(SOME if node.is_some else node.kind, []).append(node)
                self.within[node] = self.within.get(node, 0) | bits
                node = node.parent

    def behind(self, root: Path) -> int:
        """The loans of what is behind an SSA value."""
        return self.within.get(root, 0) & ~self.at.get(root, 0)

    def of(self, accessed: Path, access: str) -> int:
        """The loans that an access of a path concerns."""
        key = (accessed, access)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._of(accessed, access)
        return known

    def _of(self, accessed: Path, access: str) -> int:
        steps = accessed.steps()
        root = steps[0].parent if steps else accessed
        assert root is not None
        if root not in self.within:
            return 0
        found = 0
        nodes = [root]
        for step in steps:
            following: list[Path] = []
            for node in nodes:
                found |= self.at.get(node, 0)  # 1
                for kind, others in self.steps.get(node, {}).items():
                    if kind != step.kind and (kind, step.kind) != (SOME, "elem"):  # 2
                        for other in others:
                            found |= self.within[other]
                    elif kind == SOME or step.is_some:
                        following.extend(other for other in others if not apart(other.what, step.what))
                    elif kind in ("field", "variant", "deref", "elem"):
                        own = node.children.get((kind, step.what))
                        if own is not None and own in self.within:
                            following.append(own)
                    else:
                        for other in others:
                            if other is step:
                                following.append(other)
                            else:
                                found |= self.within[other]
            nodes = following
        while nodes:  # 3
            node = nodes.pop()
            found |= self.at.get(node, 0)
            for others in self.steps.get(node, {}).values():
                for other in others:
                    if touches_all(other, access, self.module):
                        found |= self.within[other]
                    elif goes_through(other, access):
                        nodes.append(other)
        return found


__all__ = ["LentPaths"]
