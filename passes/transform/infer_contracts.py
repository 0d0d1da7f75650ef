"""Contracts: what the callers of a function see to, and what it sees to for them, as assumptions that cannot fail.

    private func @first(%xs: ref<[? x i32]>)        private func @first(%xs: ref<[? x i32]>)
      ...                                             %n = slice.len %xs
      check.bounds %zero, %len                  =>    %some = icmp uge %n, %one
                                                      assume %some unsafe {checks.agreed = true}
    func @f(...)                                      ...                          // now the check cannot fail
      check.bounds %zero, %n
      call @first(%ys)           // %n is its length: at least 1

Steps, cited by number in the code:
 1. *Ensured*: of the result of a function that others need, a few relations with its parameters and their lengths are tried at
    each ``ret``: below one, at most one, at least one, not zero; of one that is meant as a signed number that it is below a
    length, at least 0 or at least -1. Those that hold are assumed behind each call. Callees first.
 2. *Wanted*: of a function that nobody but ``call`` in this module runs, it is asked what relations between its parameters and
    their lengths would prove the checks that cannot be proven, and what its callees want of it. Callees first. What a caller
    does not see to, and can want of nobody, is not wanted.
 3. *Required*: what is wanted and can be proven at each call is assumed on entry; in a cycle of calls, the largest part of it
    that can be proven when it is assumed. Callers first, for their own assumptions help.
 4. All of it again, at most ``ROUNDS`` times, while that finds something: those who know more now see to more.

``eliminate-checks`` takes the assumptions away when it has used them. With ``verify`` each has an agreement
(``proofs/certificates``, clause 12), which a checker reads.

Invariant: no run is changed, for none of the assumptions fails. Each function asks a bounded number of questions of bounded
cost.

Reference: Sharir and Pnueli, Two Approaches to Interprocedural Data Flow Analysis, 1981 (summaries, over the components of the
call graph); Meyer, Applying Design by Contract, 1992, for the names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, partial
from typing import NamedTuple

import attrs

from altru_ir import declare
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.facts import Form, Point, Raw
from altru_ir.passes.analysis.graphs import strongly_connected
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.manager import AnalysisManager, FunctionAnalysis
from altru_ir.passes.base import ANALYSIS, Pass, bodies
from altru_ir.passes.proofs.agreements import disagreements
from altru_ir.passes.proofs.answers import Answers
from altru_ir.passes.proofs.certificates import AGREED, Agreement, Derivation, Proof, Term
from altru_ir.passes.proofs.failures import Failures
from altru_ir.passes.proofs.goals import goals_of
from altru_ir.passes.proofs.nodes import Node
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.proofs.writer import Writer, polynomial
from altru_ir.passes.transform.eliminate_checks import RejectedProof
from altru_ir.passes.transform.guards import testable
from altru_ir.types import I1, I64, USIZE, ArrayType, IntType, RefType, Type
from altru_ir.values import NO_ATTRIBUTES, Operation, Symbol, Value

ROUNDS = 3
VARIANTS = ((True, False), (False, True))
"""Without what checks say, and without assumptions that keep sums from wrapping; or with both."""
EFFORT = 100
"""When this many goals were looked at in vain for one check, no other variant is tried."""
MOST_CALLS = 32
MOST_RETURNS = 8
MOST_RELATIONS = 6
MOST_PARAMETERS = 6
WORD = 64
"""A length is a signed number of that many bits, for memory is no larger than half of them can say."""
RESULT = -1
CONSTANT = -2
NAMED = re.compile(r'@(?:"([^"]*)"|([\w.$]+))')


class Side(NamedTuple):
    """A number: ``which`` parameter, or ``RESULT``, in a reading; or the number ``reading`` for ``CONSTANT``."""

    which: int
    reading: str | int


class Relation(NamedTuple):
    """``low <= high``, or ``low < high``."""

    low: Side
    high: Side
    strict: bool

    def raw(self, values: Callable[[int], Value]) -> Raw:
        """It as a form that is not negative, of what stands for parameters and result."""
        parts: list[tuple[int, Value, str | int]] = []
        constant = -int(self.strict)
        for side, sign in ((self.high, 1), (self.low, -1)):
            if side.which == CONSTANT:
                constant += sign * int(side.reading)
            else:
                parts.append((sign, values(side.which), side.reading))
        return tuple(parts), constant

    @property
    def of_result(self) -> bool:
        return RESULT in (self.low.which, self.high.which)


@attrs.define
class InferContracts(Pass):
    """Finds out what holds of parameters and results at all calls, and assumes it where it helps to prove checks.

    Options:
        verify: let the checker read the agreements.
    """

    name = "infer-contracts"
    finds_constants = False
    preserves = (ControlFlow, Inequalities, Answers)  # of what it changes it has them forgotten itself
    verify: bool = False

    def run(self, module: Module) -> None:
        given = [op for f in module.functions.values() for op in f.operations() if self.verify and op.decl.name == "assume"]
        work = _Contracts(module, self.analyses)
        if not work.calls or not work.with_checks:
            return
        work.infer()
        self.count("facts about results", sum(each.result is not None for each in work.agreements))
        self.count("facts about parameters", sum(each.result is None for each in work.agreements))
        for each in work.agreements:
            what = "ensures" if each.result is not None else "requires"
            function = each.function
            self.remark(ANALYSIS, "Contract", function, f"@{function.name} {what} {spell(each)}")
        if self.verify:
            found = disagreements(module, work.proofs, work.agreements, given)
            if found:
                raise RejectedProof(str(found[0]))


class _Contracts:
    """The work on one module."""

    def __init__(self, module: Module, analyses: AnalysisManager | None = None) -> None:
        self.module = module
        self.analyses = AnalysisManager() if analyses is None else analyses
        self.functions = bodies(module)
        self.calls: dict[str, list[Operation]] = {}
        self.calls_in: dict[Function, list[Operation]] = {}
        self.with_checks: set[Function] = set()
        for function in self.functions:
            for block in function.blocks:
                for op in block.ops:
                    if op.decl.is_check:
                        self.with_checks.add(function)
                    elif op.decl.name == "call" and "callee" in op.attrs and module.functions[op.attrs["callee"]].blocks:
                        self.calls.setdefault(str(op.attrs["callee"]), []).append(op)
                        self.calls_in.setdefault(function, []).append(op)
        self.returns = {f: [b.ops[-1] for b in f.blocks if b.ops[-1].decl.name == "ret"] for f in self.functions}
        self.agreements: list[Agreement] = []
        self.proofs: dict[Function, Proof] = {}
        self.ensures: dict[Function, list[tuple[Relation, Value, tuple[Derivation | None, ...]]]] = {}
        self.requires: dict[Function, list[Relation]] = {}
        self._provers: dict[Function, Prover] = {}
        self._possible: dict[tuple[Operation, Relation], tuple[Inequalities, bool]] = {}
        self._denied: dict[tuple[Function, Relation], Inequalities] = {}
        self._missing: dict[Function, tuple[list[FunctionAnalysis], list[Relation]]] = {}

    @cached_property
    def closed(self) -> set[str]:
        """The functions that nobody but the calls of the module runs."""
        return {function.name for function in self.functions if function.linkage == "private"} - self._named()

    def _named(self) -> set[str]:
        """What is named by anything but a call."""
        module = self.module
        named: set[str] = set()
        types: dict[int, Type] = {}  # most are one object
        for declaration in module.types.values():
            named.add(str(declaration.drop))
            for member in declaration.members:
                types[id(member.type)] = member.type
                named.update(_names(str(getattr(member, "transfer", ""))))
        for function in module.functions.values():
            types[id(function.signature.type)] = function.signature.type
            for op in function.operations():
                for value in op.results:
                    types[id(value.type)] = value.type
                for key, attribute in op.attrs.items():
                    if isinstance(attribute, (int, float)) or (key == "callee" and op.decl.name == "call"):
                        continue
                    if isinstance(attribute, Symbol):
                        named.add(str(attribute))
                    else:
                        named.update(_names(str(attribute)))
        for type in dict.fromkeys(types.values()):
            named.update(_names(str(type)))
        for variable in module.globals.values():
            named.update(_names(f"{variable.type} {variable.initial} {variable.attributes}"))
        return named

    def infer(self) -> None:
        """Steps 1 to 4."""
        number = {function.name: at for at, function in enumerate(self.functions)}
        successors: list[list[int]] = [[] for _ in self.functions]
        for name, ops in self.calls.items():
            for op in ops:
                assert op.function is not None
                successors[number[op.function.name]].append(number[name])
        order = [[self.functions[at] for at in members] for members in strongly_connected(successors)]
        for _ in range(ROUNDS):  # 4
            known = len(self.agreements)
            failing = {f for f in self.with_checks if f in self.calls_in or f.name in self.calls}
            failing = {f for f in failing if self.analyses.get(Answers, f).logged}
            if not failing:
                break
            needed = self.needed(order, failing)
            for members in order:
                for function in members:
                    if function in needed:
                        self.ensure(function)
            wanted: dict[Function, list[Relation]] = {}
            for members in order:
                for function in members:
                    if function.name in self.closed and 0 < len(self.calls.get(function.name, ())) <= MOST_CALLS:
                        wanted[function] = self.wanted(function, wanted)
            for members in reversed(order):
                self.require({function: wanted[function] for function in members if wanted.get(function)})
            if len(self.agreements) == known:
                break

    # -- what is known of a function -----------------------------------------------------------------------------------------

    def facts(self, function: Function) -> Inequalities:
        return self.analyses.get(Inequalities, function)

    def prover(self, function: Function) -> Prover:
        """For questions that are about no check."""
        known = self._provers.get(function)
        if known is None:
            known = self._provers[function] = Prover(self.facts(function))
            known.keep_log()
        return known

    def changed(self, function: Function) -> None:
        self.analyses.invalidate(function, (ControlFlow,))
        self._provers.pop(function, None)

    def proven(self, relation: Relation, values: Callable[[int], Value], op: Operation) -> tuple[bool, Node | None]:
        """Whether a relation can be proven before an operation, and how; there is nothing to prove where control never is."""
        function = op.function
        assert function is not None
        facts = self.facts(function)
        if not facts.is_reached(op):
            return True, None
        node = self.prover(function).prove(facts.form(relation.raw(values)), facts.before(op))
        return node is not None, node

    def derived(self, relation: Relation, values: Callable[[int], Value], op: Operation) -> tuple[bool, Derivation | None]:
        """The same, written down. What it assumes is not taken back: its lemmas stay in the function's proof."""
        holds, node = self.proven(relation, values, op)
        if node is None:
            return holds, None
        function = op.function
        assert function is not None
        facts, raw = self.facts(function), relation.raw(values)
        writer = Writer(facts)
        writer.proof = self.proofs.setdefault(function, writer.proof)
        return True, writer.derivation(polynomial(raw), node)

    # -- 1 -------------------------------------------------------------------------------------------------------------------

    def needed(self, order: list[list[Function]], failing: set[Function]) -> set[Function]:
        """The functions whose results may help to prove a check in one of those ``failing``: those that a search in a caller
        met in vain, those of callers that also call who may want something, and those that a needed one calls."""
        callees = {f: {self.module.functions[op.attrs["callee"]]: None for op in ops} for f, ops in self.calls_in.items()}
        wanting = {f for f in failing if f.name in self.closed}
        grown = True
        while grown:
            grown = False
            for members in order:
                for f in members:
                    if f not in wanting and f.name in self.closed and any(each in wanting for each in callees.get(f, ())):
                        wanting.add(f)
                        grown = True
        found: dict[Function, None] = {}
        for f, ops in self.calls_in.items():
            if any(each in wanting for each in callees[f]):
                found.update(callees[f])
            elif f in failing:
                met = self.analyses.get(Answers, f).met
                found.update((self.module.functions[op.attrs["callee"]], None) for op in ops if not met.isdisjoint(op.results))
        work = list(found)
        for f in work:
            for each in callees.get(f, ()):
                if each not in found:
                    found[each] = None
                    work.append(each)
        return set(found)

    def ensure(self, function: Function) -> None:
        """Finds out what a function sees to, and assumes it behind its calls."""
        calls, returns = self.calls.get(function.name, []), self.returns[function]
        if not calls or len(returns) > MOST_RETURNS or len(calls) > MOST_CALLS or not returns:
            return
        type = function.signature.result
        if not (type.is_integer or _is_slice(type)):
            return
        known = self.ensures.setdefault(function, [])
        is_signed = _is_signed(type) and any(op.operands[0] in self.facts(function).signs for op in returns)
        for relation in relations_of_result(function, is_signed):
            implied = relation._replace(strict=True)
            if len(known) >= MOST_RELATIONS or any(each[0] in (relation, implied) for each in known):
                continue
            if relation.low == Side(CONSTANT, -1) and any(each[0].low == Side(CONSTANT, 0) for each in known):
                continue
            if self._denied.get((function, relation)) is self.facts(function):
                continue
            found: list[Derivation | None] = []
            for op in returns:
                holds, derivation = self.derived(relation, _at_return(function, op), op)
                if not holds:
                    self._denied[function, relation] = self.facts(function)
                    break
                found.append(derivation)
            else:
                result = Value(type, "result")
                known.append((relation, result, tuple(found)))
                for op in calls:
                    self.assume_behind(relation, op, function, result, tuple(found))

    def assume_behind(
        self, relation: Relation, call: Operation, function: Function, result: Value, at: tuple[Derivation | None, ...]
    ) -> None:
        assert call.block is not None
        values = _at_call(call)
        ops = _assumption(relation, values, call.loc)
        block = call.block
        place = block.ops.index(call) + 1
        block.ops[place:place] = ops
        for op in ops:
            op.block = block
        self.changed(call.function)  # type: ignore[arg-type]
        self.agreements.append(Agreement(ops[-1], polynomial(relation.raw(_formally(function, result))), function, result, at))

    # -- 2 -------------------------------------------------------------------------------------------------------------------

    def wanted(self, function: Function, of_callees: dict[Function, list[Relation]]) -> list[Relation]:
        """What relations of its parameters would prove what cannot be proven in a function."""
        facts, prover = self.facts(function), self.prover(function)
        log = prover.log or []
        allowed = self.allowed(function)
        found = dict.fromkeys(self.missing_in(function))
        for op in filter(facts.is_reached, self.calls_in.get(function, ()) if of_callees else ()):
            callee = self.module.functions[op.attrs["callee"]]
            for relation in of_callees.get(callee, ()):
                goal, start = facts.form(relation.raw(_at_call(op))), len(log)
                if prover.prove(goal, facts.before(op)) is None:
                    self.missing([goal], facts.before(op), Failures(prover, start, len(log)), allowed, found)
        for relation, _, _ in self.ensures.get(function, ()):
            if not relation.strict and relation.low.which == RESULT:  # what would let it be below
                for op in self.returns[function]:
                    below = relation._replace(strict=True).raw(_at_return(function, op))
                    goal, start = facts.form(below), len(log)
                    if facts.is_reached(op) and prover.prove(goal, facts.before(op)) is None:
                        self.missing([goal], facts.before(op), Failures(prover, start, len(log)), allowed, found)
        known = self.requires.get(function, [])
        return [relation for relation in found if relation not in known][: MOST_RELATIONS - len(known)]

    def missing_in(self, function: Function) -> list[Relation]:
        """What relations of its parameters would prove the checks of a function that cannot be proven."""
        answers = self.analyses.get(Answers, function)
        callers = [op.function for op in self.calls[function.name]]
        rests_on: list[FunctionAnalysis] = [answers, *(self.facts(caller) for caller in callers if caller is not None)]
        known = self._missing.get(function)
        if known is not None and known[0] == rests_on:
            return known[1]
        facts = answers.facts
        allowed = self.allowed(function)
        found: dict[Relation, None] = {}
        for op in answers.logged:
            for goals in goals_of(op, facts)[:1]:
                self.missing([facts.form(goal) for goal in goals], facts.before(op), answers.failures(op), allowed, found)
        self._missing[function] = rests_on, list(found)
        return list(found)

    def missing(
        self, goals: list[Form], point: Point, log: Failures, allowed: _Parameters, found: dict[Relation, None]
    ) -> None:
        """Adds the relations that would prove all goals at a point, if there are some."""

        def ask(prover: Prover) -> list[Node] | None:
            nodes = []
            for goal in goals:
                node = prover.prove(goal, point)
                if node is None:
                    return None
                nodes.append(node)
            return nodes

        facts = allowed.facts
        log.read(allowed, [])
        for form in log.assumed(ask, allowed, lambda: Prover(facts), VARIANTS, EFFORT) or ():
            relation = relation_of(form, facts)
            if relation is not None:
                found[relation] = None

    def allowed(self, function: Function) -> _Parameters:
        """What may be wanted of the callers of a function."""
        return _Parameters(self.facts(function), partial(self.is_possible, function))

    def is_possible(self, function: Function, relation: Relation) -> bool:
        """Whether the callers see to a relation as far as is known, but for those that may want it of theirs."""
        for op in self.calls[function.name]:
            caller = op.function
            assert caller is not None
            if caller is function or (caller.name in self.closed and caller.name in self.calls):
                continue
            facts = self.facts(caller)
            key = op, relation
            known = self._possible.get(key)
            if known is None or known[0] is not facts:
                holds = not facts.is_reached(op)
                if not holds:
                    holds = self.prover(caller).prove(facts.form(relation.raw(_at_call(op))), facts.before(op)) is not None
                known = self._possible[key] = facts, holds
            if not known[1]:
                return False
        return True

    # -- 3 -------------------------------------------------------------------------------------------------------------------

    def require(self, wanted: dict[Function, list[Relation]]) -> None:
        """Assumes on entry to functions, which may call each other, what can be proven at all of their calls."""
        assumed = {
            (f, relation): self.assume_on_entry(f, relation) for f, relations in wanted.items() for relation in relations
        }
        failed = True
        while failed:
            failed = False
            for function, relation in list(assumed):
                if not all(self.proven(relation, _at_call(op), op)[0] for op in self.calls[function.name]):
                    block = function.blocks[0]
                    gone = set(assumed.pop((function, relation)))
                    block.ops = [op for op in block.ops if op not in gone]
                    self.changed(function)
                    failed = True
        for (function, relation), ops in assumed.items():
            self.requires.setdefault(function, []).append(relation)
            at = tuple(self.derived(relation, _at_call(op), op)[1] for op in self.calls[function.name])
            statement = polynomial(relation.raw(_formally(function, None)))
            self.agreements.append(Agreement(ops[-1], statement, function, None, at))

    def assume_on_entry(self, function: Function, relation: Relation) -> list[Operation]:
        block = function.blocks[0]
        ops = _assumption(relation, _formally(function, None), block.ops[0].loc)
        block.ops[0:0] = ops
        for op in ops:
            op.block = block
        self.changed(function)
        return ops


class _Parameters:
    """Step 2: what may be assumed is a relation of parameters that is ``possible``."""

    def __init__(self, facts: Inequalities, possible: Callable[[Relation], bool]) -> None:
        self.facts = facts
        self.header: Block = facts.function.blocks[0]
        self.limit = 0
        self._possible = possible

    def __call__(self, goal: Form, point: Point) -> bool:
        relation = relation_of(goal, self.facts)
        return relation is not None and testable(goal, self.facts) and self._possible(relation)

    def is_behind(self, point: Point) -> bool:
        return True


def relation_of(form: Form, facts: Inequalities) -> Relation | None:
    """The relation that a form states of parameters; None when it is about others, or more than a relation."""
    sides: dict[int, Side] = {}
    constant = form.get(0, 0)
    for number, coefficient in form.items():
        if not number:
            continue
        value, reading = facts.terms[number]
        if value is None or value.owner is not facts.function or abs(coefficient) != 1 or coefficient in sides:
            return None
        fits = (
            _is_slice(value.type)
            if isinstance(reading, int)
            else _is_signed(value.type)
            if reading == "s"
            else value.type == USIZE
        )
        if not fits:
            return None
        sides[coefficient] = Side(facts.function.parameters.index(value), reading)
    low, high = sides.get(-1), sides.get(1)
    if low is not None and high is not None:
        is_comparable = constant in (0, -1) and _is_comparable(low, high, facts.function)
        return Relation(low, high, constant == -1) if is_comparable else None
    if high is not None and (constant < 0 or high.reading == "s"):
        return Relation(Side(CONSTANT, -constant), high, False)
    if low is not None and (constant > 0 or low.reading == "s"):
        return Relation(low, Side(CONSTANT, constant), False)
    return None


def _is_signed(type: Type) -> bool:
    """Whether numbers of a type may be compared with lengths, as signed numbers."""
    return isinstance(type, IntType) and 1 < type.bits <= WORD


def _is_comparable(a: Side, b: Side, function: Function) -> bool:
    """Whether one operation compares two numbers: both unsigned, or signed and of one type, or one signed and a length."""
    if "s" not in (a.reading, b.reading) or isinstance(a.reading, int) or isinstance(b.reading, int):
        return True
    return a.reading == b.reading and function.parameters[a.which].type == function.parameters[b.which].type


def relations_of_result(function: Function, is_signed: bool) -> list[Relation]:
    """What is tried of a result: the stronger ones first."""
    type = function.signature.result
    if is_signed:
        number = Side(RESULT, "s")
        lengths = [Side(at, 0) for at, each in enumerate(function.parameters[:MOST_PARAMETERS]) if _is_slice(each.type)]
        limits = [Relation(number, other, strict) for other in lengths for strict in (True, False)]
        return [*limits, Relation(Side(CONSTANT, 0), number, False), Relation(Side(CONSTANT, -1), number, False)]
    result = Side(RESULT, 0 if _is_slice(type) else "u")
    is_size = _is_slice(type) or type == USIZE
    found = []
    for at, parameter in enumerate(function.parameters[:MOST_PARAMETERS]):
        others: list[Side] = []
        if is_size and _is_slice(parameter.type):
            others.append(Side(at, 0))
        elif parameter.type == (USIZE if is_size else type):
            others.append(Side(at, "u"))
        for other in others:
            found += [Relation(result, other, True), Relation(result, other, False), Relation(other, result, False)]
    return [*found, Relation(Side(CONSTANT, 1), result, False)]


def _is_slice(type: Type) -> bool:
    sequence = type.pointee
    return isinstance(type, RefType) and isinstance(sequence, ArrayType) and sequence.dimensions == (None,)


def _names(text: str) -> list[str]:
    return [quoted or plain for quoted, plain in NAMED.findall(text)] if "@" in text else []


# -- who stands for parameters and results -----------------------------------------------------------------------------------


def _formally(function: Function, result: Value | None) -> Callable[[int], Value]:
    def value(which: int) -> Value:
        found = result if which == RESULT else function.parameters[which]
        assert found is not None
        return found

    return value


def _at_call(call: Operation) -> Callable[[int], Value]:
    return lambda which: call.results[0] if which == RESULT else call.operands[which]


def _at_return(function: Function, op: Operation) -> Callable[[int], Value]:
    return lambda which: op.operands[0] if which == RESULT else function.parameters[which]


def _assumption(relation: Relation, values: Callable[[int], Value], loc: object) -> list[Operation]:
    """Operations that assume a relation, the last one being the ``assume``."""
    ops: list[Operation] = []

    def add(name: str, operands: list[Value], attributes: dict[str, object], type: Type | None, unsafe: bool = False) -> Value:
        op = Operation(declare.find(name), operands, attributes or NO_ATTRIBUTES, unsafe=unsafe, loc=loc)  # type: ignore[arg-type]
        op.results = [] if type is None else [Value(type, None, op)]
        ops.append(op)
        return op.results[0] if op.results else operands[0]

    def number(side: Side, other: Side) -> Value:
        if side.which == CONSTANT:
            type = USIZE if isinstance(other.reading, int) else values(other.which).type
            return add("const", [], {"value": side.reading}, type)
        value = values(side.which)
        if isinstance(side.reading, int):
            length = add("slice.len", [value], {}, USIZE)
            return add("bitcast", [length], {}, I64) if other.reading == "s" else length
        is_narrow = side.reading == "s" and isinstance(other.reading, int) and other.which != CONSTANT and value.type != I64
        return add("sext", [value], {}, I64) if is_narrow else value

    is_signed = any(side.reading == "s" for side in (relation.low, relation.high))
    low, high = number(relation.low, relation.high), number(relation.high, relation.low)
    condition = add("icmp", [low, high], {"predicate": ("s" if is_signed else "u") + ("lt" if relation.strict else "le")}, I1)
    add("assume", [condition], {AGREED: True}, None, unsafe=True)
    return ops


def spell(agreement: Agreement) -> str:
    """A statement as a comparison: ``%i < length of %xs``."""
    statement = agreement.statement
    low, high = ([_spelled(t) for (t,) in (p for p, k in statement.items() if p and k == sign)] for sign in (-1, 1))
    constant = statement.get((), 0)
    if low and high:
        return f"{low[0]} {'<' if constant < 0 else '<='} {high[0]}"
    return f"{high[0]} >= {-constant}" if high else f"{low[0]} <= {constant}"


def _spelled(term: Term) -> str:
    name = f"%{term.value.name or '?'}" if term.value.owner is not None else "the result"
    if not isinstance(term.reading, int):
        return name
    sequence = term.value.type.pointee
    only = isinstance(sequence, ArrayType) and len(sequence.dimensions) == 1
    return f"length of {name}" if only else f"length {term.reading} of {name}"
