"""The steps of a reduction in their order, and the loop that takes them until none helps.

A *step* has targets, things in a module that could go or be simpler, and an edit that does it to any number of them at
once. To try some targets is: clone the best module, list the targets of the clone (the same list, for steps are
deterministic), edit, print; then parse and verify, and ask. So a candidate is a text: what is asked about is what
somebody would read from a file, and what an edit breaks, the parser or verifier sees.

Steps that take much away come first, names last; after a round in which something went the steps begin again. The round
in which nothing goes has tried each single target, so the result is 1-minimal: no single edit of any step keeps it valid,
smaller and interesting.

Cost: for n targets of a step, of which k have to stay, about k log(n / k) candidates, and k in the last round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from altru_ir.clone import clone_module
from altru_ir.diagnostics import DiagnosticError
from altru_ir.module import Module
from altru_ir.testing.reduce import arguments, blocks, declarations, inlining, literals, names, operations, trimmings
from altru_ir.testing.reduce.measure import Size, size_of
from altru_ir.testing.reduce.search import Search, sweep
from altru_ir.text.parser import parse
from altru_ir.text.printer import print_module
from altru_ir.verifier import verify


@attrs.frozen
class Step:
    """``targets`` lists what can be chosen, always in the same order; ``apply`` edits a module for those chosen from its
    list."""

    name: str
    targets: Callable[[Module], list[Any]]
    apply: Callable[[Module, list[Any]], None]


STEPS = (
    Step("functions and globals", declarations.functions_and_globals, declarations.leave_out),
    Step("bodies", declarations.definitions, declarations.leave_out_bodies),
    Step("comments", trimmings.comments, trimmings.drop_comments),
    Step("edges", blocks.edges, blocks.drop_edges),
    Step("early returns", blocks.continuing, blocks.return_early),
    Step("merged blocks", blocks.mergeable, blocks.merge),
    Step("blocks", blocks.all_but_entries, blocks.leave_out),
    Step("calls", inlining.called_once, inlining.inline),
    Step("operations, by earlier values", operations.all_but_terminators, operations.leave_out),
    Step("operations, by leaves", operations.all_but_terminators, operations.leave_out_for_leaves),
    Step("operations, by other operands", operations.other_operands, operations.become_operands),
    Step("operations, by parameters", operations.with_results, operations.become_parameters),
    Step("results", arguments.results, arguments.drop_results),
    Step("block arguments", arguments.block_arguments, arguments.drop_block_arguments),
    Step("parameters", arguments.parameters, arguments.drop_parameters),
    Step("optional operands", operations.optional_operands, operations.drop_operands),
    Step("operands", operations.improvable, operations.improve),
    Step("types, by i8", declarations.all_types, declarations.become_bytes),
    Step("members", declarations.members, declarations.leave_out_members),
    Step("locations", trimmings.located, trimmings.drop_locations),
    Step("marks of operations", trimmings.marks, trimmings.drop_marks),
    Step("marks of declarations", trimmings.trimmings, trimmings.trim),
    Step("literals, by zero", literals.leaves(literals.zero), literals.simplify),
    Step("literals, by one", literals.leaves(literals.one), literals.simplify),
    Step("literals, by half", literals.leaves(literals.half), literals.simplify),
    Step("arrays", literals.arrays, literals.shorten),
    Step("names", names.long_names, names.rename),
)


class Structured:
    """A reduction of a valid program. ``search.best`` is its text, in the form the printer gives it."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.module = parse(search.best)
        self.size: Size = size_of(self.module, search.best)

    def run(self) -> None:
        """Takes steps until none helps. Raises ``Exhausted``."""
        going = True
        while going:
            going = False
            for step in STEPS:
                going = self.take(step) or going

    def take(self, step: Step) -> bool:
        """One step, over all its targets; whether it helped."""
        return sweep(lambda: len(step.targets(self.module)), lambda low, high: self.attempt(step, low, high))

    def attempt(self, step: Step, low: int, high: int) -> bool:
        """Asks about the program edited for the targets from ``low`` to before ``high``."""
        copy = clone_module(self.module)
        step.apply(copy, step.targets(copy)[low:high])
        text = print_module(copy)
        if not self.search.is_new(text):
            return False
        try:
            module = parse(text)
        except DiagnosticError:
            return False
        size = size_of(module, text)
        if size >= self.size or verify(module) or not self.search.ask(text):
            return False
        self.module, self.size = module, size
        return True
