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
 2. With ``versions``, loops are copied where a test in front of them would prove checks in them (``proofs/conditions``,
    ``version_loops``). Then all is about the function with the copies; a check that could not be proven and that no test
    helps is not asked about again, and neither is the copy that runs where the test says no.
 3. With ``verify`` what was found is written down as certificates (``proofs/certificates``) of the function with all checks,
    before any of them is gone, and the checker reads them; that it rejects one is an internal error.
 4. Then the checks with a certificate are removed, all at once, and nothing takes their place: to tell LLVM what was proven
    gains nothing and costs a fifth of its time (measured).
 5. Checks in blocks that control does not reach stay: nothing is known there, and other passes remove the blocks.
 6. The assumptions of ``infer-contracts`` go as well, with what they were computed from.
 7. With ``versions``, checks of one block that neither is enough for are merged (``merge_checks``). Their two copies are read
    by the checker as soon as they are made; then all begins anew with the function that has them.

It finds most after ``mem2reg`` and ``cse``: nothing is known of what a local holds that is not promoted.

Invariant: a run of the function has the same results and panics at the same check with the same values. Each check costs a
bounded number of steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs

from altru_ir.module import Function
from altru_ir.passes.analysis.facts import Form
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.loops import Loop, Loops
from altru_ir.passes.base import MISSED, PASSED, FunctionPass
from altru_ir.passes.proofs.answers import Answers
from altru_ir.passes.proofs.certificates import AGREED, Proof, Versions
from altru_ir.passes.proofs.conditions import Conditions
from altru_ir.passes.proofs.goals import Found, goals_of, nodes_of, proven
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.proofs.reasons import misaligned, missing, why
from altru_ir.passes.proofs.wording import comparisons
from altru_ir.passes.proofs.writer import Writer
from altru_ir.passes.transform.merge_checks import MergedChecks
from altru_ir.passes.transform.version_loops import LoopVersions
from altru_ir.text.printer import assign_names
from altru_ir.values import Operation

PURE = frozenset({"icmp", "slice.len", "const"})


class RejectedProof(Exception):
    """A certificate that the checker does not accept: a defect of the compiler. The message says which clause."""


@attrs.define
class EliminateChecks(FunctionPass):
    """Removes the checks that cannot fail, each with a certificate.

    Options:
        versions: copy loops whose checks could go if a test in front of them said yes.
        verify: let the checker read the certificates before the checks go.
        explain: say in a remark about each check why it went, or what is not known.
    """

    name = "eliminate-checks"
    finds_constants = False
    versions: bool = False
    verify: bool = False
    explain: bool = False
    proofs: dict[str, Proof] = attrs.field(init=False, factory=dict, repr=False, eq=False)
    """With ``verify``, what was proven about each function, by name."""

    def run_on(self, function: Function) -> bool:
        return self.eliminated(function, self.versions, set())

    def eliminated(self, function: Function, merge: bool, unmerged: set[Operation]) -> bool:
        """Takes away what can be proven; with ``merge``, checks are merged first where that is possible; those that are done
        where their test says no are ``unmerged`` then."""
        checks = [op for op in function.operations() if op.decl.is_check]
        if not checks or function.module is None:
            return without_agreed(function)
        answers = self.get(Answers, function)
        facts, prover, found = answers.facts, answers.prover, answers.found  # 5
        asked = list(found)
        unreached = set(checks) - set(asked)
        versions: list[Versions] = []
        if self.versions and answers.logged:
            loops = self.get(Loops, function)
            conditions = Conditions(loops, prover, found, answers.logged)
            if merge:  # 7
                made = self.merged(function, facts, conditions.kept)
                if made:
                    self.analyses.invalidate(function)
                    slow = {op for each in made for _, copy in each.pairs for op in copy.ops if op.decl.is_check}
                    return self.eliminated(function, False, slow) or True
            if conditions.wanted:
                versions = self.versioned(function, loops, facts, conditions.wanted)
        self.count("goals looked at", prover.steps)
        if versions:  # 2
            self.analyses.invalidate(function)
            facts = self.get(Inequalities, function)
            prover = Prover(facts)
            copies = [other for each in versions for op, other in copied_checks(each) if found.get(op) is not None]
            checks += [other for each in versions for _, other in copied_checks(each)]
            plain = Prover(facts)
            plain.without_checks = True  # as the conditions were found: what checks say of other memory leads astray
            found = {op: None if op in conditions.kept else proven(op, prover) or proven(op, plain) for op in [*asked, *copies]}
            self.count("goals looked at", plain.steps)
            self.count("goals looked at", prover.steps)
        self.count("searches cut off", prover.cut_off)
        gone = {op: nodes for op, nodes in found.items() if nodes is not None}
        self.count("checks", len(checks))
        self.count("checks removed", len(gone))
        if self.explain:
            assign_names(function)
            for op in checks:
                if op in found:
                    self.explained(op, found[op], facts, "where one test does not do for all, " if op in unmerged else "")
                elif op not in unreached:  # in the version of a loop that keeps its checks
                    self.explained(op, None, facts, "where the loop keeps its checks, ")
        if self.verify and (gone or versions):  # 3
            self.checked(function, facts, gone, versions)
        if gone:  # 4
            for block in {op.block: None for op in gone}:
                assert block is not None
                block.ops = [op for op in block.ops if op not in gone]
        return without_agreed(function) or bool(gone or versions)

    def merged(self, function: Function, facts: Inequalities, kept: set[Operation]) -> list[Versions]:
        """Merges neighbouring checks of those that nothing else helps."""
        made = MergedChecks(function, facts, kept).merge()
        if made and self.explain:
            assign_names(function)
        for group, versions in made:
            text = comparisons(group.forms, facts)
            self.remark(PASSED, "ChecksMerged", versions.guard, f"{len(group.checks)} checks are one test: {text}")
        self.count("checks merged", sum(len(group.checks) for group, _ in made))
        if self.verify and made:
            verified(function, Proof([], [], [versions for _, versions in made]))
        return [versions for _, versions in made]

    def versioned(
        self, function: Function, loops: Loops, facts: Inequalities, wanted: dict[Loop, list[Form]]
    ) -> list[Versions]:
        """Copies the loops that are wanted, each with its test in front, where that is possible."""
        copier = LoopVersions(function, loops, facts)
        made = []
        if self.explain:
            assign_names(function)
        for loop, forms in wanted.items():
            copier.reserve(loop, forms)
        for loop in loops.all:
            forms = wanted.get(loop, [])
            versions = copier.version(loop, forms) if forms else None
            if versions is not None:
                made.append(versions)
                text = comparisons(forms, facts)
                where = versions.pairs[0][0].ops[0]
                self.remark(PASSED, "LoopVersioned", where, f"this loop runs without checks if {text}")
        self.count("loops versioned", len(made))
        return made

    def explained(self, op: Operation, nodes: Found | None, facts: Inequalities, where: str = "") -> None:
        """Says why a check goes, or ``where`` it may fail and what is not known."""
        if nodes is not None:
            self.remark(PASSED, "CheckRemoved", op, f"{spell(op)} cannot fail: {why(nodes_of(nodes), facts)}")
            return
        goals = goals_of(op, facts)
        what = missing([facts.form(goal) for goal in goals[0]], facts.before(op), facts) if goals else misaligned(op)
        self.remark(MISSED, "CheckKept", op, f"{where}{spell(op)} may fail: {what}")

    def checked(self, function: Function, facts: Inequalities, gone: dict[Operation, Found], versions: list[Versions]) -> None:
        """Writes the certificates and lets the checker read them. Raises ``RejectedProof``."""
        writer = Writer(facts)
        writer.proof.versions += versions
        for op, nodes in gone.items():
            writer.certificate(op, nodes)
        self.proofs[function.name] = writer.proof
        verified(function, writer.proof)
        self.count("certificates accepted", len(gone))


def without_agreed(function: Function) -> bool:  # 6
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


def copied_checks(versions: Versions) -> Iterator[tuple[Operation, Operation]]:
    """The checks of a loop that was copied, each with its copy."""
    for block, copy in versions.pairs:
        for op, other in zip(block.ops, copy.ops, strict=True):
            if op.decl.is_check:
                yield op, other


def verified(function: Function, proof: Proof) -> None:
    """Lets the checker read a proof. Raises ``RejectedProof``."""
    from altru_ir.passes.proofs.checker import problems

    found = problems(function, proof)
    if found:
        raise RejectedProof(f"@{function.name}: {found[0]}")


def spell(op: Operation) -> str:
    """A check as a remark names it."""
    return f"`{op.name} {', '.join('%' + (value.name or '?') for value in op.operands)}`"
