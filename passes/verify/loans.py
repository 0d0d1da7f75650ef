"""Loan checking: nothing happens to storage that a borrow forbids for as long as the borrow is needed.

    %r = borrow %x
    assign %x, %two          error[ALT-B002]: `%x` is assigned while it is borrowed
    %n = load (deref %r)     the borrow is used here later

``loan_suspects`` acquits most loans, ``borrowing`` and ``loan_facts`` make facts about the others, ``loans`` finds the
conflicts that follow from them; here they are told. By what happens while a loan is needed,
 1. a borrow that excludes it, or that it excludes (ALT-B001); of an arena or a pool that has lent (ALT-B008);
 2. the storage is assigned (ALT-B002), what holds it is moved (ALT-B003), it is read while it is lent exclusively (ALT-B004);
 3. the storage ends or its owner is dropped (ALT-B005), or control leaves the function and the loan goes on (ALT-B006);
 4. something has to live for ``'static``, as what a thread is given does, and does not (ALT-B010);
 5. a ``gc`` value is defined anew, or storage changes that one is found in, while something in its object is lent (ALT-B009).
And by what a signature says: a region flows into another that it need not outlive (ALT-B007), the region of a result cannot be
told (ALT-B011), a function value would forget clauses of its function (ALT-B012), a destructor is for some regions of its type
only (ALT-B014). And what others may change unseen cannot be borrowed at all: in collected objects all but ``const`` fields and
cells, in thread-local globals all but cells (ALT-B013).

Each error tells the story: where the loan begins, through which values it goes on, where it is used later (or in the next
iteration, or by whose destructor, or for which region of the signature), and what would make it legal. ``{allow = "ALT-B002"}``
on the operation that an error names says that this is meant, and leaves the error out.

Invariant: an accepted function without ``unsafe`` never reaches an access that the aliasing rules forbid, nor one to storage
that has ended, in the interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from altru_ir.diagnostics import Diagnostic
from altru_ir.elision import signature_of
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.borrowing import Borrowing
from altru_ir.passes.analysis.loan_facts import LoanFacts
from altru_ir.passes.analysis.loan_suspects import suspects
from altru_ir.passes.analysis.loans import find_conflicts
from altru_ir.passes.base import Check, bodies
from altru_ir.passes.verify.loan_fixes import LoanFixes
from altru_ir.passes.verify.loan_stories import Teller
from altru_ir.regions import Regions
from altru_ir.source import Location
from altru_ir.types import (
    STATIC,
    AtomicType,
    CellType,
    GcType,
    MutexType,
    NamedType,
    PlaceType,
    RefType,
    Type,
)
from altru_ir.values import Operation


@attrs.define
class CheckLoans(Check):
    """Reports borrows that are still needed where something happens that they forbid, and regions that may end too early."""

    name = "check-loans"

    def diagnose(self, function: Function) -> list[Diagnostic]:
        assert function.module is not None
        return check_loans(function, function.module)

    def diagnose_all(self, module: Module) -> list[Diagnostic]:
        regions = Regions(module)
        return [problem for function in bodies(module) for problem in check_loans(function, module, regions)]


def check_loans(function: Function, module: Module, regions: Regions | None = None) -> list[Diagnostic]:
    """What is wrong with the borrows of ``function``, which the structural verifier has accepted.

    Parameters: ``regions``, what is known of the types of the module as they are now.
    """
    if function.is_declaration:
        return []
    regions = Regions(module) if regions is None else regions
    found = [*_signatures(function, regions), *_destructors(function, regions), *_shared_by_many(function, module)]
    if not _has_origins(function, regions):
        return found
    concerned = suspects(function, module, regions)
    if concerned is not None and not concerned:
        return found
    selected = LoanFacts(Borrowing(function, module, regions, concerned))
    conflicts = find_conflicts(selected.facts)
    if conflicts.errors or conflicts.subset_errors:
        if concerned is not None:  # a story may be about operations on others
            selected = LoanFacts(Borrowing(function, module, regions))
            conflicts = find_conflicts(selected.facts)
        found.extend(Teller(selected, conflicts).tell())
    return found


def _has_origins(function: Function, regions: Regions) -> bool:
    """Whether any value or local of ``function`` has a region in its type."""
    count = regions.count
    if any(count(value.type) for value in function.parameters):
        return True
    return any(
        any(count(argument.type) for argument in block.args)
        or any(count(result.type) for op in block.ops for result in op.results)
        for block in function.blocks
    )


def _signatures(function: Function, regions: Regions) -> Iterator[Diagnostic]:
    """What is wrong with the signatures of a function and of those elsewhere that it calls, and with function values."""
    told: set[object] = set()
    own = signature_of(function, regions)
    if own.unclear:
        problem = _unclear(function, function.location, function)
        yield attrs.evolve(problem, proposals=LoanFixes(function, regions.module).unclear(own))
    for op in function.operations():
        decl = op.decl
        value = decl.callee is None
        if value and decl.name != "func.ref":
            continue
        named = regions.module.functions.get(op.attrs.get("symbol" if value else "callee", ""))
        if named is None or (named, value) in told:
            continue
        told.add((named, value))
        signature = signature_of(named, regions)
        allowed = op.attrs.get("allow")
        if signature.unclear and named.is_declaration and allowed != "ALT-B011":
            yield _unclear(named, op.location, function)
        if signature.declared and value and allowed != "ALT-B012":
            longer, shorter = (signature.names[at] for at in signature.declared[0])
            yield Diagnostic(
                "ALT-B012", f"a value for @{named.name} would forget that {longer} outlives {shorter}", op.location,
                function=function.name, help=f"call @{named.name} by name, or make both regions one",
            )  # fmt: skip


def _destructors(function: Function, regions: Regions) -> Iterator[Diagnostic]:
    """A destructor runs for all regions of its type, so it may ask for none of them, nor for more than the type does."""
    parameters = function.signature.type.parameters
    target = parameters[0].target if parameters and isinstance(parameters[0], RefType) else None
    declaration = regions.module.types.get(target.name) if isinstance(target, NamedType) else None
    if declaration is None or declaration.drop != function.name:
        return
    signature = signature_of(function, regions)
    slots = signature.parameters[0]
    given = dict(zip(slots[1:], declaration.regions))
    asked = [(given.get(longer, STATIC), given.get(shorter, STATIC)) for longer, shorter in signature.declared]
    if len(set(slots)) < len(slots) or 0 in slots or not set(asked) <= set(declaration.outlives):
        yield Diagnostic(
            "ALT-B014", f"@{function.name} is the destructor of `@{declaration.name}` for some of its regions only",
            function.location, function=function.name, help="give each region of the type a parameter of its own",
        )  # fmt: skip


def _shared_by_many(function: Function, module: Module) -> Iterator[Diagnostic]:
    """Borrows of what others may change unseen: in collected objects and in thread-local globals."""
    for op in function.operations():
        if op.decl.name != "borrow" or op.attrs.get("allow") == "ALT-B013":
            continue
        at = op.operands[0]
        made = at.operation
        if made is not None and made.decl.name == "local":
            continue
        first: Operation | None = None  # the last step on the way to the root: the first one from there
        inner: Operation | None = None  # what follows a `gc` to the object: from there on this is about what holds it
        cell = False
        while at.type.is_place and at.operation is not None:
            cell = cell or _is_cell(at.type.target)  # type: ignore[attr-defined]
            step = at.operation
            base = step.operands[0] if step.operands else None
            if step.name == "deref" and base is not None and _is_collected(base.type):
                constant = first is not None and _is_constant(first, module)
                if not cell and (not constant or (op.attrs.get("mut") and inner is None)):
                    yield _unseen(op, "a collected object", ONLY_CONSTANT, inner, function, module)
                    break
                inner, cell = step, False
            if step.name == "global" and not cell and module.globals[step.attrs["symbol"]].mode == "thread_local":
                yield _unseen(op, "a thread-local global", ONLY_CELLS, inner, function, module)
                break
            if base is None:
                break
            at, first = base, step


ONLY_CONSTANT = "only its `const` fields, and cells in it, may be borrowed"
ONLY_CELLS = "only cells in it may be borrowed: load a copy, or use a cell"
LOAD = "load the `gc` that leads there first, and borrow through that"


def _is_collected(pointer: Type) -> bool:
    return isinstance(pointer.target if isinstance(pointer, PlaceType) else pointer, GcType)


def _is_cell(type: Type) -> bool:
    return isinstance(type, (CellType, AtomicType, MutexType))


def _is_constant(step: Operation, module: Module) -> bool:
    """Whether a step is to a field that is declared ``const``."""
    whole = step.operands[0].type
    held = whole.target if isinstance(whole, PlaceType) else None
    declaration = module.types.get(held.name) if isinstance(held, NamedType) else None
    member = None if declaration is None or step.name != "field" else declaration.member(step.attrs["field"])
    return bool(member is not None and member.constant)


def _unseen(
    op: Operation, what: str, help: str, inner: Operation | None, function: Function, module: Module
) -> Diagnostic:  # fmt: skip
    return Diagnostic(
        "ALT-B013", f"a part of {what} is borrowed that others may change unseen", op.location, function=function.name,
        help=help if inner is None else LOAD, proposals=LoanFixes(function, module).unseen(op, inner),
    )  # fmt: skip


def _unclear(named: Function, location: Location | None, function: Function) -> Diagnostic:
    return Diagnostic(
        "ALT-B011", f"the result of @{named.name} has a region that is neither written nor told by the parameters", location,
        function=function.name, help="name it: `func @f<'a>(%x: ref<'a, T>, ...) -> ref<'a, T>`",
    )  # fmt: skip


__all__ = ["CheckLoans", "check_loans"]
