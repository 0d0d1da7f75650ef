"""The structural verifier: is this module well formed and well typed?

It checks structure and erased types; what happens to memory is checked by the passes under ``passes/verify``. All
problems of a module are reported in one run. The rules, cited by number in the code and as ``ALT-V0NN`` in diagnostics:

 1. a block ends with exactly one terminator, and the terminator is last;
 2. the definition of a value dominates each of its uses: an argument or parameter its blocks, a result what follows it;
    the results of an operation are defined on the edge into a successor but not on the unwind edge;
 3. operands and results are as many as declared; 4. so are successors and their arguments, with equal erased types;
 5. types satisfy the declaration; 6. so do attributes; 7. ... 16. are rules of single operations, beside their declarations;
17. types are known, of finite size, and no place or unsized type stands where a value must; a region in them is ``'_``,
    ``'static`` or declared by the function or type around;
18. an operation, block or value belongs to where it stands, and stands there once; what a module is made of is of its kind
    (``kinds.py``);
19. an unwind target takes no arguments;
20. ``main`` has one of its two signatures;
21. the entry block has no arguments and no predecessors. 22. to 25. are rules of single operations;
26. a destructor takes one exclusive reference to its type and gives nothing;
27. where control comes without a panic, no block ends with ``resume``.

Example: ``[d.code for d in verify(m)] == []`` for a good module.

Cost: one walk over the blocks in dominator-tree preorder. A value is stamped with its block's preorder number when its
definition is passed; a use is dominated exactly when the stamp is fresh and its block's interval contains the user's.
Unreachable blocks are checked for everything but dominance by other blocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count
from threading import Lock
from typing import Any

from altru_ir.collector import CollectorPaused
from altru_ir.diagnostics import Diagnostic, Label
from altru_ir.dominance import DominatorTree, split_at_unwinding
from altru_ir.kinds import Found, declaration_problems, misfits, order_problems
from altru_ir.module import Block, Function, Global, Module, TypeDeclaration, expect_module
from altru_ir.targets import UnknownTargetError, data_of
from altru_ir.text.printer import assign_names
from altru_ir.type_rules import TypeRules
from altru_ir.types import (
    ERROR,
    I8,
    I32,
    PtrType,
)
from altru_ir.values import Operation, Value

_stamps_used = 0
_stamps_lock = Lock()


def _reserve_stamps(number: int) -> int:
    """A range of stamps that no value carries yet."""
    global _stamps_used
    with _stamps_lock:
        first = _stamps_used
        _stamps_used += number
        return first


def verify(module: Module) -> list[Diagnostic]:
    """All structural problems of ``module``, in text order; an empty list means it is valid, and that its text parses.

    Raises ``TypeError`` for what is no module.
    """
    expect_module(module, "verified")
    try:
        data_of(module.target)
    except UnknownTargetError as error:
        return [Diagnostic("ALT-S003", f"module @{module.name}: {error}", None)]
    with CollectorPaused():
        wrong: list[Found] = [(message, None, None) for message in order_problems(module)] or [
            (message, each.location, each if isinstance(each, Function) else None)
            for each in module.order
            for message in declaration_problems(each)
        ]
        if not wrong:
            try:
                found = _Verifier(module).run()
                return _Verifier(module).run() if _named_for_messages(module, found) else found
            except (AttributeError, TypeError):
                wrong = list(misfits(module))
                if not wrong:
                    raise
    return [
        Diagnostic("ALT-V018", message, location, function=function.name if function is not None else None)
        for message, location, function in wrong
    ]


def _named_for_messages(module: Module, found: list[Diagnostic]) -> bool:
    """Gives what has no name yet in the functions of ``found`` the name it is printed with; false where all have one."""
    changed = False
    for name in {problem.function for problem in found}:
        function = module.functions.get(name or "")
        if function is not None:
            labels = [block.label for block in function.blocks]
            values = [value.name for op in function.operations() for value in op.results]
            values += [value.name for block in function.blocks for value in block.args]
            values += [value.name for value in function.parameters]
            if None in labels or None in values:
                assign_names(function)
                changed = True
    return changed


class _Verifier(TypeRules):
    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.told: set[tuple[Operation, Value]] = set()

    def run(self) -> list[Diagnostic]:
        self.sizes()
        for declaration in self.module.order:
            self.function = None
            self.regions = frozenset()
            if isinstance(declaration, TypeDeclaration):
                self.type_declaration(declaration)
            elif isinstance(declaration, Global):
                self.global_declaration(declaration)
            else:
                self.function = declaration
                self.header(declaration)
                if declaration.blocks:
                    self.body(declaration)
        return self.found

    # -- functions ---------------------------------------------------------------------------------------------------------

    def header(self, function: Function) -> None:
        type = function.signature.type
        self.regions = frozenset(type.binder)
        self.outlives(function.signature.outlives, function)
        for parameter, written in zip(function.parameters, type.parameters, strict=False):
            problem = self.type_problem(written)
            if problem is not None:
                self.report("V017", f"parameter %{parameter.name}: {problem}", function.location)
        if len(function.parameters) != len(type.parameters):
            self.report("V018", f"@{function.name} has parameters that are not in its signature", function.location)
        problem = self.type_problem(type.result)
        if problem is not None:
            self.report("V017", f"the result of @{function.name}: {problem}", function.location)
        if function.name == "main" and (function.blocks or type.abi is None):
            arguments = (I32, PtrType(PtrType(I8)))
            if type.result is not I32 or type.parameters not in ((), arguments):
                self.report(
                    "V020",
                    "`main` is `func @main() -> i32` or `func @main(%argc: i32, %argv: ptr<ptr<i8>>) -> i32`",
                    function.location,
                )
        if function.is_declaration and type.abi is None and function.linkage == "private":
            self.report("V018", f"@{function.name} is private but has no body", function.location)

    def body(self, function: Function) -> None:
        number: dict[Block, int] = {}
        for block in function.blocks:
            if block in number:
                self.report("V018", f"^{block.label} stands twice in @{function.name}", block.location)
                return
            if block.function is not function:
                self.report("V018", f"^{block.label} belongs to another function", block.location)
                return
            number[block] = len(number)
        successors: list[list[int]] = []
        for block in function.blocks:
            ops = block.ops
            for op in ops[:-1]:
                if op.block is not block or op.decl.is_terminator:
                    break
            else:
                if ops and ops[-1].block is block and ops[-1].decl.is_terminator and block.unwind is None:
                    try:
                        successors.append([number[s.block] for s in ops[-1].successors])
                        continue
                    except KeyError:
                        pass
            if not self.block_shape(block, function, number):
                return
            successors.append([number[s] for s in block.successors])
        entry = function.entry
        if entry.args:
            self.report("V021", "the entry block takes no arguments: use the function's parameters", entry.location)
        for index, edges in enumerate(successors):
            if 0 in edges:
                block = function.blocks[index]
                self.report("V021", f"^{block.label} goes to the entry block, which has no predecessors", block.location)
        bodies: Sequence[int] = range(len(successors))
        if any(block.ops[-1].decl.name == "resume" for block in function.blocks if block.ops):
            self.no_resume_without_panic(function, number)
        if any(block.unwind is not None for block in function.blocks):
            successors, bodies = split_at_unwinding(successors, [block.unwind is not None for block in function.blocks])
        self.walk(function, DominatorTree(successors), bodies)

    def no_resume_without_panic(self, function: Function, number: dict[Block, int]) -> None:
        """Rule 27, by a walk over the edges that do not unwind."""
        work = [function.entry]
        met = set(work)
        for block in work:
            last = block.ops[-1] if block.ops else None
            if last is not None and last.decl.name == "resume":
                self.report(
                    "V027", f"control comes to `resume` in ^{block.label} without a panic", last.location,
                    help="only a cleanup, named by `unwind`, can go on with a panic: end this block with `br` or `ret`",
                )  # fmt: skip
            for successor in () if last is None else last.successors:
                if successor.block in number and successor.block not in met:
                    met.add(successor.block)
                    work.append(successor.block)

    def block_shape(self, block: Block, function: Function, number: dict[Block, int]) -> bool:
        """Rules 1, 18, 19 for a block that is not plainly good; false when the graph cannot be built."""
        if not block.ops or not block.ops[-1].decl.is_terminator:
            at = block.ops[-1].location if block.ops else block.location
            self.report(
                "V001", f"^{block.label} does not end with a terminator", at,
                help="end it with `br`, `cond_br`, `switch`, `ret` or another terminator",
            )  # fmt: skip
        whole = True
        last = len(block.ops) - 1
        for position, op in enumerate(block.ops):
            if op.block is not block:
                self.report("V018", f"`{op.name}` stands in ^{block.label} but belongs to another block", op.location)
            if op.decl.is_terminator and position != last:
                self.report("V001", f"`{op.name}` ends a block, but more operations follow in ^{block.label}", op.location)
                whole = whole and not op.successors
            for successor in op.successors:
                if successor.block not in number:
                    label = successor.block.label
                    self.report("V018", f"`{op.name}` goes to ^{label}, which is no block of @{function.name}", op.location)
                    whole = False
        if block.unwind is not None:
            if block.unwind not in number:
                self.report("V018", f"the unwind target of ^{block.label} is in another function", block.location)
                whole = False
            elif block.unwind.args:
                self.report("V019", f"the unwind target ^{block.unwind.label} takes arguments", block.location)
        return whole

    def walk(self, function: Function, tree: DominatorTree, bodies: Sequence[int]) -> None:
        """Rules 2 to 16 over all blocks, dominator-tree preorder first, unreachable blocks after.

        A node of the tree is a block, or the start or the body of one that unwinds (``bodies[b]`` is the body of block b).
        """
        blocks = function.blocks
        order = list(tree.order)
        reachable = len(order)
        order.extend(b for b in range(len(tree.parent)) if tree.before[b] < 0)
        halves = {body: block for block, body in enumerate(bodies) if body != block}
        base = _reserve_stamps(len(order) + 1)
        last_of = [base + tree.last[b] if tree.before[b] >= 0 else base + n for n, b in enumerate(order)]
        module = self.module
        good_types = self.good_types
        for parameter in function.parameters:
            parameter.mark = base
        mute: list[Operation] = []  # operations that give nothing, which could show that they were here before
        for stamp, index in zip(count(base), order, strict=False):
            in_reach = stamp - base < reachable
            if index < len(blocks):
                block = blocks[index]
                self.arguments(block, stamp)
                if bodies[index] != index:
                    continue
            else:
                block = blocks[halves[index]]
            for op in block.ops:
                for value in op.operands:
                    mark = value.mark
                    # Visible: passed in this walk (`mark >= base`), in a block whose interval reaches here.
                    if mark != stamp and (mark < base or last_of[mark - base] < stamp):
                        self.undominated(op, value, function, in_reach)
                if not op.decl.holds(op, module):
                    self.problems(op)
                if op.successors:
                    self.edges(op, stamp, base, last_of, function, in_reach)
                elif not op.results:
                    mute.append(op)
                for value in op.results:
                    if value.owner is not op:
                        self.report("V018", f"the result of `{op.name}` belongs to another operation", op.location)
                    elif value.mark >= base:
                        self.report("V018", f"`{op.name}` stands twice in ^{block.label}", op.location)
                    if value.type not in good_types:
                        problem = self.type_problem(value.type, "place")
                        if problem is not None:
                            self.report("V017", f"the result of `{op.name}`: {problem}", op.location)
                    value.mark = stamp
        if len(set(mute)) < len(mute):
            for op, times in Counter(mute).items():
                if times > 1 and op.block is not None:
                    self.report("V018", f"`{op.name}` stands twice in ^{op.block.label}", op.location)

    def arguments(self, block: Block, stamp: int) -> None:
        """Rules 17 and 18 for what a block takes."""
        for argument in block.args:
            if argument.owner is not block:
                self.report("V018", f"argument %{argument.name} belongs elsewhere", block.location)
            problem = None if argument.type in self.good_types else self.type_problem(argument.type)
            if argument.type.is_place or argument.type.is_unsized:
                problem = self.type_problem(argument.type)
            if problem is not None:
                self.report("V017", f"argument %{argument.name} of ^{block.label}: {problem}", block.location)
            argument.mark = stamp

    def problems(self, op: Operation) -> None:
        for rule, message in op.decl.problems(op, self.module):
            self.report(rule, message, op.location)

    def edges(self, op: Operation, stamp: int, base: int, last_of: list[int], function: Function, in_reach: bool) -> None:
        """Rules 2 and 4 for the edges of a terminator."""
        decl = op.decl
        for index, successor in enumerate(op.successors):
            given = successor.args
            for value in given:
                mark = value.mark
                if mark != stamp and (mark < base or last_of[mark - base] < stamp):
                    self.undominated(op, value, function, in_reach)
            wanted = successor.block.args
            if successor.case is not None and decl.cases is None:
                message = f"`{op.name}` has no cases, but its edge to ^{successor.block.label} has one"
                self.report("V004", message, op.location)
            if not decl.gives_to_successors and len(given) == len(wanted):
                for value, argument in zip(given, wanted):
                    if value.type is not argument.type:
                        break
                else:
                    continue
            types = [v.type for v in given]
            gives = decl.cases.forwards if decl.cases is not None else None
            target = decl.targets[index] if index < len(decl.targets) else None
            if gives is not None:
                types[:0] = gives(op, successor.case, self.module)
            elif target is not None and target.forwards is not None:
                types[:0] = target.forwards(op, self.module)
            if len(types) != len(wanted):
                label = successor.block.label
                self.report("V004", f"^{label} takes {len(wanted)} arguments, not {len(types)}", op.location)
                continue
            for type, argument in zip(types, wanted, strict=True):
                expected = argument.type
                if type is expected or ERROR in (type, expected) or type.erased is expected.erased:
                    continue
                message = f"argument %{argument.name} of ^{successor.block.label} has type `{expected}`, not `{type}`"
                self.report("V004", message, op.location)

    def undominated(self, op: Operation, value: Value, function: Function, in_reach: bool) -> None:
        """Rule 2, with the reason; once for each operation and value."""
        if (op, value) in self.told:
            return
        self.told.add((op, value))
        name = f"%{value.name or '?'}"
        owner: Any = value.owner
        home = owner if isinstance(owner, Function) else getattr(owner, "function", None)
        if home is not function:
            where = f"@{home.name}" if home is not None else "nothing"
            self.report("V018", f"{name} belongs to {where}, not to @{function.name}", op.location)
            return
        if not in_reach and not (isinstance(owner, Operation) and owner.block is op.block):
            return  # an unreachable block is dominated by everything
        labels = []
        if isinstance(owner, Operation):
            if owner.block is None or owner not in owner.block.ops:
                self.report("V018", f"{name} was defined by an operation that is no longer in @{function.name}", op.location)
                return
            if owner.location is not None:
                labels.append(Label(owner.location, f"{name} is defined here"))
        before = isinstance(owner, Operation) and owner.block is op.block
        help = None
        if not before and isinstance(owner, Operation) and owner.block is not None and owner.block.unwind is not None:
            help = (
                f"where ^{owner.block.label} unwinds, what its operations give need not be there: define it in a block before"
            )
        message = (
            f"{name} is used before its definition"
            if before
            else f"{name} is used where it may not be defined: its definition does not dominate this use"
        )
        self.report("V002", message, op.location, labels, help=help)
