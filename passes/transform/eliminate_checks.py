"""Check elimination: the checks that cannot fail go, each with a certificate.

    ^loop(%i: usize):                         ^loop(%i: usize):
      %more = icmp ult %i, %n                   %more = icmp ult %i, %n
      cond_br %more, ^body, ^done               cond_br %more, ^body, ^done
    ^body:                                =>  ^body:
      %len = dim %seq, 0                        %len = dim %seq, 0
      check.bounds %i, %len                     %x = load %slot
      %x = load %slot

where %n is ``slice.len %xs`` and %seq is ``deref %xs``. Rules, cited by number in the code:

 1. A check is a goal or several (``goals_of``): linear forms that must not be negative. If the prover (``proofs/prover``) shows
    them all for the point in front of the check, the check cannot fail. ``check.align`` is a question of its own
    (``proofs/alignment``).
 2. With ``verify`` what it found is written down as certificates (``proofs/certificates``) of the function with all checks,
    before any of them is gone, and the checker reads them; that it rejects one is an internal error.
 3. Then the checks with a certificate are removed, all at once, and nothing takes their place: to tell LLVM what was proven
    gains nothing and costs a fifth of its time (measured).
 4. Checks in blocks that control does not reach stay: nothing is known there, and other passes remove the blocks.
 5. The assumptions of ``infer-contracts`` go as well, with what they were computed from.

It finds most after ``mem2reg`` and ``cse``: nothing is known of what a local holds that is not promoted.

Invariant: a run of the function has the same results and panics at the same check with the same values. Each check costs a
bounded number of steps.
"""

from __future__ import annotations

from collections import Counter

import attrs

from altru_ir.module import Function
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.base import MISSED, PASSED, FunctionPass
from altru_ir.passes.proofs.certificates import Proof
from altru_ir.passes.proofs.goals import Found, goals_of, nodes_of, proven
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.proofs.reasons import missing, why
from altru_ir.passes.proofs.writer import Writer
from altru_ir.text.printer import assign_names
from altru_ir.values import Operation

AGREED = "checks.agreed"
"""The attribute of an ``assume`` that ``infer-contracts`` made."""
PURE = frozenset({"icmp", "slice.len", "const"})


class RejectedProof(Exception):
    """A certificate that the checker does not accept: a defect of the compiler. The message says which clause."""


@attrs.define
class EliminateChecks(FunctionPass):
    """Removes the checks that cannot fail, each with a certificate.

    Options:
        verify: let the checker read the certificates before the checks go.
        explain: say in a remark about each check why it went, or what is not known.
    """

    name = "eliminate-checks"
    verify: bool = False
    explain: bool = False
    proofs: dict[str, Proof] = attrs.field(init=False, factory=dict, repr=False, eq=False)
    """With ``verify``, what was proven about each function, by name."""

    def run_on(self, function: Function) -> bool:
        checks = [op for op in function.operations() if op.decl.is_check]
        if not checks or function.module is None:
            return without_agreed(function)
        facts = self.get(Inequalities, function)
        prover = Prover(facts)
        if self.explain:
            assign_names(function)
        gone: dict[Operation, Found] = {}
        for op in checks:
            assert op.block is not None
            if not facts.tree.reachable(facts.cfg.number[op.block]):  # 4
                continue
            nodes = proven(op, prover)
            if nodes is not None:
                gone[op] = nodes
            if self.explain:
                self.explained(op, nodes, facts)
        self.count("checks", len(checks))
        self.count("checks removed", len(gone))
        self.count("goals looked at", prover.steps)
        if not gone:
            return without_agreed(function)
        if self.verify:  # 2
            self.checked(function, facts, gone)
        for block in function.blocks:  # 3
            if any(op in gone for op in block.ops):
                block.ops = [op for op in block.ops if op not in gone]
        without_agreed(function)
        return True

    def explained(self, op: Operation, nodes: Found | None, facts: Inequalities) -> None:
        """Says why a check goes, or what is not known."""
        if nodes is not None:
            self.remark(PASSED, "CheckRemoved", op, f"{spell(op)} cannot fail: {why(nodes_of(nodes), facts)}")
            return
        goals = goals_of(op, facts)
        what = (
            missing([facts.form(goal) for goal in goals[0]], facts.before(op), facts)
            if goals
            else "nothing is known of where the pointer comes from"
        )
        self.remark(MISSED, "CheckKept", op, f"{spell(op)} may fail: {what}")

    def checked(self, function: Function, facts: Inequalities, gone: dict[Operation, Found]) -> None:
        """Writes the certificates and lets the checker read them. Raises ``RejectedProof``."""
        writer = Writer(facts)
        for op, nodes in gone.items():
            writer.certificate(op, nodes)
        self.proofs[function.name] = writer.proof
        verified(function, writer.proof)
        self.count("certificates accepted", len(gone))


def without_agreed(function: Function) -> bool:  # 5
    """Takes away what ``infer-contracts`` has assumed; whether there was something."""
    gone = {op for op in function.operations() if op.decl.name == "assume" and AGREED in op.attrs}
    if not gone:
        return False
    used = Counter(value for op in function.operations() if op not in gone for value in op.all_operands())
    work = [value.operation for op in gone for value in op.operands]
    for each in work:
        if each is not None and each.decl.name in PURE and each not in gone and not used[each.result]:
            gone.add(each)
            used.subtract(each.operands)
            work += [value.operation for value in each.operands]
    for block in function.blocks:
        if any(op in gone for op in block.ops):
            block.ops = [op for op in block.ops if op not in gone]
    return True


def verified(function: Function, proof: Proof) -> None:
    """Lets the checker read a proof. Raises ``RejectedProof``."""
    from altru_ir.passes.proofs.checker import problems

    found = problems(function, proof)
    if found:
        raise RejectedProof(f"@{function.name}: {found[0]}")


def spell(op: Operation) -> str:
    """A check as a remark names it."""
    return f"`{op.name} {', '.join('%' + (value.name or '?') for value in op.operands)}`"
