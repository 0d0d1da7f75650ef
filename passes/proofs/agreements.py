"""The checker of agreements between functions: clause 12 of ``certificates``, cited in the code.

    private func @last(%xs: ref<[? x i32]>)    // assume %len >= 1; at each call a derivation of  length of the operand - 1 >= 0

Who may run a function is found out here, from the module: each operation that names it, and each text of a declaration or of a
type. The derivations are read by the checker of the function in which they hold.

Invariant: as for ``checker``: it shares nothing with the pass but the objects, and nothing malformed makes it raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from altru_ir.module import Function, Module
from altru_ir.passes.proofs import sources
from altru_ir.passes.proofs.certificates import Agreement, Polynomial, Proof, Term
from altru_ir.passes.proofs.checker import Reader, problems
from altru_ir.passes.proofs.rejections import Rejection, judged
from altru_ir.passes.proofs.sources import LEAST, demand, replaced, tidy, total
from altru_ir.types import RefType
from altru_ir.values import Operation, Symbol, Value

NAMED = re.compile(r'@(?:"([^"]*)"|([\w.$]+))')


def disagreements(
    module: Module, proofs: dict[Function, Proof], agreements: list[Agreement], given: Iterable[Operation] = ()
) -> list[Rejection]:
    """What is wrong with the agreements of a module that still has all of its checks, and with the lemmas they rest on.
    ``given`` are the ``assume`` that were there before: they are the front-end's, and need none."""
    found = [problem for function, proof in proofs.items() for problem in problems(function, proof)]
    reader = _Agreements(module, proofs)
    known = {*given, *(each.assumed for each in agreements)}
    found += [Rejection(op, "12", "nobody agreed on this") for op in reader.assumes if op not in known]
    return found + judged([(each.assumed, partial(reader.agreed, each)) for each in agreements])


class _Agreements:
    """The module: who names each function, and the reader of each function's derivations."""

    def __init__(self, module: Module, proofs: dict[Function, Proof]) -> None:
        self.proofs = proofs
        self.readers: dict[Function, Reader] = {}
        self.calls: dict[str, list[Operation]] = {}
        self.returns: dict[Function, list[Operation]] = {}
        self.where: dict[Operation, Function] = {}
        self.assumes: list[Operation] = []
        self.named: set[str] = set()
        texts = {str(part) for part in _declared(module)}
        for function in module.functions.values():
            for op in function.operations():
                self.where[op] = function
                texts.update(str(value.type) for value in (*op.results, *op.operands))
                if op.decl.name == "assume":
                    self.assumes.append(op)
                elif op.decl.name == "ret":
                    self.returns.setdefault(function, []).append(op)
                for key, attribute in op.attrs.items():
                    if op.decl.name == "call" and key == "callee":
                        self.calls.setdefault(str(attribute), []).append(op)
                    elif isinstance(attribute, Symbol):
                        self.named.add(str(attribute))
                    elif not isinstance(attribute, (int, float)):
                        texts.add(str(attribute))
        for text in texts:
            self.named.update(quoted or plain for quoted, plain in NAMED.findall(text))

    def agreed(self, agreement: Agreement) -> None:
        """Clause 12. Raises ``InvalidError``."""
        assumed, function, result = agreement.assumed, agreement.function, agreement.result
        here, statement = self.where[assumed], total((1, agreement.statement))
        demand(assumed.decl.name == "assume" and function.blocks, "12", "nothing is assumed, or of no function")
        module = here.module
        assert module is not None
        said = sources.of_condition(assumed.operands[0], True, module)[1:]  # behind that the condition itself is 1
        demand([word for _, word in said] == [LEAST], "12", "what is assumed is not one comparison")
        spelled = _spelled_out(said[0][0], module)
        values = {term.value for product in statement for term in product}
        calls = self.calls.get(function.name, [])
        if result is None:  # a
            demand(values <= {*function.parameters}, "12", "a statement about other values")
            demand(function.linkage == "private" and function.name not in self.named, "12a", "others may run the function")
            demand(here is function and statement == spelled, "12a", "this is not what is assumed")
            points = [(op, dict(zip(function.parameters, op.operands, strict=True))) for op in calls]
        else:  # b
            demand(result in values and values <= {result, *function.parameters}, "12", "a statement about other values")
            handed = [(op, dict(zip(function.parameters, op.operands, strict=True))) for op in calls if self.where[op] is here]
            instances = [_spelled_out(replaced(statement, {**given, result: op.results[0]}), module) for op, given in handed]
            demand(spelled in instances, "12b", "this is not what is assumed")
            points = [(op, {result: op.operands[0]}) for op in self.returns.get(function, [])]
        demand(len(agreement.at) == len(points), "12", "not one derivation for each point")
        for (op, new), derivation in zip(points, agreement.at, strict=True):
            reader = self.reader(self.where[op])
            if derivation is None:
                demand(not reader.flow.over(0, (op, -1)), "12", "no derivation at a point that is reached")
            else:
                demand(reader.flow.over(0, (op, -1)), "12", "a derivation at a point that is not reached")
                concluded, _ = reader.derivation(derivation, (op, -1))
                demand(concluded == replaced(statement, new), "12", "a derivation concludes something else")

    def reader(self, function: Function) -> Reader:
        known = self.readers.get(function)
        if known is None:
            known = self.readers[function] = Reader(function, self.proofs.get(function, Proof()))
        return known


def _declared(module: Module) -> Iterator[object]:
    """What declarations say, as far as that may name functions."""
    for declaration in module.types.values():
        yield f"@{declaration.drop}"
        yield declaration.attributes
        for member in declaration.members:
            yield f"{member.type} {getattr(member, 'transfer', None)}"
    for variable in module.globals.values():
        yield f"{variable.type} {variable.initial} {variable.attributes}"
    for function in module.functions.values():
        yield function.signature.type
        yield function.attributes


def _spelled_out(given: Polynomial, module: Module) -> Polynomial:
    """A statement with what lengths and constants stand for (6d)."""
    found: list[tuple[tuple[Term, ...], int]] = []
    for product, number in given.items():
        left: list[Term] = []
        for term in product:
            op = term.value.operation
            if op is not None and term.reading == "s":
                left.append(_signed(op, term, module))
                known = sources.constant(term.value, module, "s") if op.decl.name == "const" else None
                if known is not None:
                    number *= known
                    left.pop()
                continue
            name = "" if op is None or term.reading != "u" else op.decl.name
            known = sources.constant(term.value, module) if name == "const" else None
            base = _pointer(op.operands[0]) if op is not None and name == "dim" else None
            if known is not None:
                number *= known
            elif op is not None and name == "slice.len":
                left.append(Term(op.operands[0], 0))
            elif op is not None and base is not None:
                left.append(Term(base, op.attrs["axis"]))
            else:
                left.append(term)
        found.append((tuple(left), number))
    return tidy(found)


def _signed(op: Operation, term: Term, module: Module) -> Term:
    """What a signed number is the same as: what was widened, or a length, which is no larger than signed numbers (6a)."""
    if op.decl.name == "sext":
        return Term(op.operands[0], "s")
    length = op.operands[0].operation if op.decl.name == "bitcast" else None
    if length is None or length.decl.name != "slice.len":
        return term
    base = Term(length.operands[0], 0)
    most = 1 << sources.width(term.value, module) - 1
    is_small = any(len(said) == 2 and said.get((), most) < most for said, _ in sources.of_type(base, module))
    return base if is_small else term


def _pointer(place: Value) -> Value | None:
    """The reference that a place is the ``deref`` of."""
    op = place.operation
    return op.operands[0] if op is not None and op.decl.name == "deref" and isinstance(op.operands[0].type, RefType) else None
