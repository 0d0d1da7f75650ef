"""The grammar of function bodies: blocks and operations.

One grammar serves every operation: results, mnemonic, the declaration's format, ``{attributes}``, ``unsafe``, ``: type``,
``loc(...)``. The parser walks the steps that a declaration's format compiles to; no operation has code here.

Example: for ``icmp`` (``$predicate $lhs, $rhs``) the steps are a word of the closed set, an operand, a comma, an operand.

After an error the parser goes on at the next line; what the line would have defined gets the error type, and nothing that
follows from it is reported again. A value may be used above its definition (a loop's blocks in any order); an operation
whose result type depends on such a value waits in ``pending`` until the function has been read.

Invariant: when no error was recorded, every value has a type and every block that is named is defined.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Any, NoReturn

from altru_ir import declare
from altru_ir.declare import Declaration, InferenceError, Item
from altru_ir.module import Block, Comments, Function, Module
from altru_ir.source import Location, Source
from altru_ir.text import lexer
from altru_ir.text.cursor import Recover
from altru_ir.text.type_grammar import TypeGrammar
from altru_ir.types import ERROR, NamedType, PlaceType, Type, parts, spell_name
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Symbol, Value

# Steps of a compiled format.
(
    _TEXT, _OPERAND, _OPTIONAL, _VARIADIC, _WORD, _NAME, _FLAG, _LITERAL, _SYMBOL, _TYPE, _CALLEE, _TARGET, _CASES, _GROUP,
) = range(14)  # fmt: skip

_MANY_NAMES = 10_000
"""Among more names than these none is looked for that is spelled alike."""

_BEHIND = frozenset({"{", "unsafe", ":", "loc"})
"""What may begin the part of an operation behind its format."""


def _nearest(name: str, known: Collection[str]) -> str | None:
    """The help for a name that nothing defines: one that is spelled alike, if there is one."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7) if len(known) <= _MANY_NAMES else []
    return f"did you mean `{near[0]}`?" if near else None


def _steps_of(decl: Declaration) -> list[tuple[int, Any]]:
    steps = decl.parse_steps
    if steps is None:
        steps = decl.parse_steps = _compile(decl.items)
    return steps


def _compile(items: tuple[Item, ...]) -> list[tuple[int, Any]]:
    kinds = {
        declare.WordOf: _WORD, declare.Name: _NAME, declare.Flag: _FLAG, declare.Literal: _LITERAL,
        declare.SymbolOf: _SYMBOL, declare.TypeOf: _TYPE, declare.Callee: _CALLEE, declare.Target: _TARGET,
        declare.Cases: _CASES,
    }  # fmt: skip
    steps: list[tuple[int, Any]] = []
    for item in items:
        if item.group:
            steps.append((_GROUP, _compile(item.group)))
        elif item.text:
            steps.append((_TEXT, item.text))
        elif isinstance(item.element, declare.Operand):
            kind = _OPTIONAL if item.element.optional else _VARIADIC if item.element.variadic else _OPERAND
            steps.append((kind, item.element))
        elif item.element is not None:
            steps.append((kinds[type(item.element)], item.element))
    return steps


def _waits(value: Value) -> bool:
    """Whether the type of ``value`` is not known yet: it is defined further down, or nowhere."""
    type: Type | None = value.type
    return type is None


class Bodies(TypeGrammar):
    """Reads the bodies of functions into ``target_module``."""

    def __init__(self, source: Source, target_module: Module) -> None:
        super().__init__(source)
        self.target_module = target_module
        # of the function being read:
        self.function: Function
        self.values: dict[str, Value] = {}
        self.blocks: dict[str, Block] = {}
        self.forward: dict[str, int] = {}
        self.forward_blocks: dict[str, int] = {}
        self.pending: list[tuple[Operation, int]] = []
        self.last = 0  # the closing brace, or what stands where it should
        self.failed: set[str] = set()  # declarations that could not be read, as written

    def body(self, function: Function, at: int, end: int) -> None:
        """Reads the body whose first token is ``at``; ``end`` is the index behind its closing brace."""
        self.function = function
        self.last = end - (self.tokens[end - 1] == "}")
        self.inside = function.name
        self.values = {"%" + (p.name or ""): p for p in function.parameters}
        self.blocks = {}
        self.forward = {}
        self.forward_blocks = {}
        self.pending = []
        started = at
        order: list[tuple[int, Operation | Block]] = []
        try:
            at = self.blocks_of(function, at, order if self.comments else None)
            self.resolve_pending()
        except Recover:
            pass
        for undefined, defined in ((self.forward, self.values), (self.forward_blocks, self.blocks)):
            known = defined.keys() - undefined.keys()
            for name, where in undefined.items():
                near = _nearest(name, known)
                self.error(where, f"{name} is not defined in @{function.name}", "ALT-P002", near)
        if not function.blocks and not self.errors:
            self.error(started - 1, f"the body of @{function.name} has no block", "ALT-P001")
        if self.comments:
            self.attach_comments(function, started, at, order)
        self.inside = None

    def attach_comments(self, function: Function, first: int, end: int, order: list[tuple[int, Operation | Block]]) -> None:
        """Gives the comments between token ``first`` and the closing brace before ``end`` to what stands next to them."""
        starts = [start for start, _ in order]
        for index, text, behind in self.comments_between(first, end):
            place = bisect_right(starts, index - 1) - 1 if behind else -1
            if place >= 0:
                kept = function.comments.setdefault(order[place][1], Comments())
                if kept.behind is not None:  # the operation stands on several lines, and will stand on one
                    kept.before.append(kept.behind)
                kept.behind = text
                continue
            place = bisect_left(starts, index)
            if place < len(order):
                function.comments.setdefault(order[place][1], Comments()).before.append(text)
            else:
                function.trailing_comments.append(text)

    def blocks_of(self, function: Function, at: int, order: list[tuple[int, Operation | Block]] | None) -> int:
        """Reads blocks up to the closing brace; returns the index behind it."""
        tokens = self.tokens
        values = self.values
        blocks = self.blocks
        module = self.target_module
        table = declare.table()
        find_decl = table.get
        new = object.__new__
        block: Block | None = None
        operations: list[Operation] = []
        while True:
            token = tokens[at]
            first = token[:1]
            start = at
            try:
                if first == "%":
                    names = [token]
                    at += 1
                    while tokens[at] == ",":
                        names.append(tokens[at + 1])
                        at += 2
                    if tokens[at] != "=":
                        self.expected(at, "`=`")
                    token = tokens[at + 1]
                    at += 2
                elif first == "^":
                    block, at = self.block_header(function, at)
                    operations = block.ops
                    if order is not None:
                        order.append((start, block))
                    continue
                elif token == "}":
                    return at + 1
                elif start >= self.last:  # the brace that is not closed has been reported
                    return at
                else:
                    names = []
                    at += 1
                decl = find_decl(token)
                if decl is None:
                    self.unknown_operation(at - 1, token)
                if block is None:
                    block = Block()  # one such error is enough
                    operations = block.ops
                    self.fail(start, "an operation before the first block `^name:`")
                operands: list[Value] = []
                attrs: dict[str, Any] = {}
                successors: list[Successor] = []
                steps = decl.parse_steps or _steps_of(decl)
                for kind, payload in steps:
                    token = tokens[at]
                    if kind == _OPERAND:
                        value = values.get(token)
                        operands.append(value if value is not None else self.use(at))
                        at += 1
                    elif kind == _TEXT:
                        if token != payload:
                            self.expected(at, f"`{payload}`")
                        at += 1
                    elif kind == _TARGET:
                        to = blocks.get(token)
                        if to is None:
                            to, at = self.target(at)
                        else:
                            at += 1
                        args: list[Value] = []
                        if tokens[at] == "(":
                            at = self.arguments(at, args)
                        successors.append(Successor(to, args))
                    elif kind == _WORD and token in payload.choices:
                        attrs[payload.name] = token
                        at += 1
                    else:
                        at = self.step(kind, payload, at, operands, attrs, successors)
                token = tokens[at]
                unsafe = False
                written: Type | None = None
                loc: int | Location = start
                if token in _BEHIND:
                    if token == "{":
                        extra, at = self.attributes(at)
                        attrs.update(extra)
                        token = tokens[at]
                    if token == "unsafe":
                        unsafe = True
                        at += 1
                        token = tokens[at]
                    if token == ":":
                        type_at = at + 1
                        written, at = self.type(type_at)
                        token = tokens[at]
                    if token == "loc":
                        loc, at = self.location(at)
                op = new(Operation)  # as `Operation(...)` does, without a call
                op.decl = decl
                op.operands = operands
                op.attrs = attrs or NO_ATTRIBUTES
                op.successors = successors or ()
                op.unsafe = unsafe
                op.loc = loc
                op.results = ()
                op.block = block
                operations.append(op)
                if order is not None:
                    order.append((start, op))
                if decl.results:
                    # The usual case: one new plain name, and a type that needs no inference.
                    index = decl.same_result
                    type = decl.fixed_result if index is None else operands[index].type
                    if type is not None and written is None and len(names) == 1:
                        name = names[0]
                        if name not in values and name[1:2] != '"' and len(name) > 1:
                            value = values[name] = new(Value)
                            value.type = type
                            value.name = name[1:]
                            value.owner = op
                            value.mark = -1
                            op.results = [value]
                            continue
                    self.define_results(op, names, start, written, module)
                elif names:
                    self.fail(start, f"`{decl.name}` gives no result", "ALT-V003")
                elif written is not None:
                    self.fail(start, f"`{decl.name}` gives no result, so no type stands behind it")
            except Recover:
                self.define_failed(start)
                if first == "^" and function.blocks:
                    block = function.blocks[-1]
                    operations = block.ops
                at = min(self.next_line(start), max(self.last, start + 1))

    def next_line(self, at: int) -> int:
        """The first token that begins a later line than token ``at``."""
        self.source.token(at)
        all_spans = self.source._spans or []
        text = self.source.text
        if at >= len(all_spans):
            return at
        end = text.find("\n", all_spans[at][0])
        if end < 0:
            return len(all_spans)
        return bisect_left(all_spans, (end, 0))

    def define_failed(self, start: int) -> None:
        """Gives the error type to what the operation or the block at ``start`` would have defined."""
        at = start
        while self.tokens[at][:1] == "%":
            self.presume(at)
            at += 2 if self.tokens[at + 1] == "," else 1
        if self.tokens[start][:1] == "^":
            self.forward_blocks.pop(self.tokens[start], None)
            for at in range(start, min(self.next_line(start), self.last)):
                if self.tokens[at + 1] == ":":
                    self.presume(at)

    def presume(self, at: int) -> None:
        """Gives the error type to the value that token ``at`` names, if it names one that is not defined yet."""
        name = self.tokens[at]
        if name[:1] != "%":
            return
        if name[1:2] == '"':
            try:
                name = "%" + spell_name(lexer.unquote(name[1:]))
            except ValueError:
                return
        if name not in self.values:
            self.values[name] = Value(ERROR, name[1:], self.function)
        elif self.forward.pop(name, None) is not None:
            self.values[name].type = ERROR

    def unknown_operation(self, at: int, token: str) -> NoReturn:
        if not token or not (token[0].isalpha() or token[0] == "_"):
            self.expected(at, "an operation")
        self.fail(at, f"there is no operation `{token}`", "ALT-P004", _nearest(token, declare.table()))

    def use(self, at: int) -> Value:
        """The value that token ``at`` names, which is not (yet) defined under exactly this spelling."""
        token = self.tokens[at]
        if token[:1] != "%" or len(token) < 2:
            self.expected(at, "a value `%name`")
        key = "%" + self.spelling(at, token)
        value = self.values.get(key)
        if value is None:
            value = self.values[key] = Value(None, key[1:], None)  # type: ignore[arg-type]
            self.forward[key] = at
        return value

    def target(self, at: int) -> tuple[Block, int]:
        token = self.tokens[at]
        if token[:1] != "^" or len(token) < 2:
            self.expected(at, "a block `^name`")
        key = token if token[1] != '"' else "^" + self.spelling(at, token)
        block = self.blocks.get(key)
        if block is None:
            block = self.blocks[key] = Block(key[1:])
            self.forward_blocks[key] = at
        return block, at + 1

    def successor(self, at: int, case: Any = None) -> tuple[Successor, int]:
        block, at = self.target(at)
        args: list[Value] = []
        if self.tokens[at] == "(":
            at = self.arguments(at, args)
        return Successor(block, args, case), at

    def arguments(self, at: int, into: list[Value]) -> int:
        """``(%a, %b)`` from its parenthesis."""
        tokens, values = self.tokens, self.values
        at += 1
        while tokens[at] != ")":
            into.append(values.get(tokens[at]) or self.use(at))
            at += 1
            if tokens[at] != ",":
                break
            at += 1
        return self.expect(at, ")")

    def step(
        self, kind: int, payload: Any, at: int, operands: list[Value], attrs: dict[str, Any], successors: list[Successor]
    ) -> int:
        """One step of a format that is neither an operand nor a fixed word."""
        tokens = self.tokens
        token = tokens[at]
        if kind == _WORD:
            if token not in payload.choices:
                self.expected(at, f"one of {', '.join(payload.choices)}")
            attrs[payload.name] = token
            return at + 1
        if kind == _TARGET:
            successor, at = self.successor(at)
            successors.append(successor)
            return at
        if kind == _LITERAL:
            if payload.optional and not (token[:1].isdigit() or token[:1] in ('-"[') or token[:2] == 'b"'):
                return at
            attrs[payload.name], at = self.literal(at)
            return at
        if kind == _NAME:
            attrs[payload.name] = token if token.isascii() and token.isdecimal() else self.word(at, f"a {payload.name}")
            return at + 1
        if kind == _FLAG:
            if token == payload.word:
                attrs[payload.name] = True
                return at + 1
            return at
        if kind == _OPTIONAL:
            if token[:1] == "%" and tokens[at + 1] not in ("=",):
                operands.append(self.values.get(token) or self.use(at))
                return at + 1
            return at
        if kind == _VARIADIC:
            if token[:1] != "%" or tokens[at + 1] == "=":
                return at  # none; the declaration says whether that is too few
            while True:
                operands.append(self.values.get(tokens[at]) or self.use(at))
                at += 1
                if tokens[at] != ",":
                    return at
                at += 1
        if kind == _CALLEE:
            if token[:1] == "@":
                attrs[payload.name] = Symbol(self.symbol(at))
            else:
                operands.append(self.values.get(token) or self.use(at))
            if tokens[at + 1] != "(":
                self.expected(at + 1, "`(` and the arguments")
            return self.arguments(at + 1, operands)
        if kind == _SYMBOL:
            attrs[payload.name] = Symbol(self.symbol(at))
            return at + 1
        if kind == _TYPE:
            attrs[payload.name], at = self.type(at)
            return at
        if kind == _CASES:
            while True:
                case = None
                if tokens[at][:1] != "^":
                    if payload.names:
                        case = self.word(at, "a variant or a block")
                        at += 1
                    else:
                        if not (tokens[at][:1].isdigit() or tokens[at][:1] == "-" or tokens[at] in ("true", "false")):
                            self.expected(at, "an integer or a block")
                        case, at = self.literal(at)
                successor, at = self.successor(at, case)
                successors.append(successor)
                if tokens[at] != ",":
                    return at
                at += 1
        if kind == _GROUP:
            first_kind, first = payload[0]
            if first_kind == _TEXT:
                present = token == first
            elif first_kind in (_OPERAND, _OPTIONAL, _VARIADIC):
                present = token[:1] == "%"
            else:
                present = first_kind == _FLAG and token == first.word
            if present:
                for inner_kind, inner in payload:
                    if inner_kind == _TEXT:
                        at = self.expect(at, inner)
                    elif inner_kind == _OPERAND:
                        operands.append(self.values.get(tokens[at]) or self.use(at))
                        at += 1
                    else:
                        at = self.step(inner_kind, inner, at, operands, attrs, successors)
            return at
        raise AssertionError(kind)

    def block_header(self, function: Function, at: int) -> tuple[Block, int]:
        tokens = self.tokens
        start = at
        block = self.blocks.get(tokens[at])
        if block is None:
            block, at = self.target(at)
        else:
            at += 1
        if block.function is not None:
            self.error(start, f"^{block.label} is defined twice in @{function.name}", "ALT-P003")
            self.forward_blocks.pop(f"^{block.label}", None)
            block = Block(f"{block.label}.{len(function.blocks)}")
        elif self.forward_blocks:
            self.forward_blocks.pop(f"^{block.label}", None)
        block.function = function
        function.blocks.append(block)
        block.loc = start
        if tokens[at] == ":":
            return block, at + 1
        if tokens[at] == "(":
            at += 1
            while tokens[at] != ")":
                name_at = at
                type, at = self.type(at + 2 if tokens[at + 1] == ":" else self.expect(at + 1, ":"))
                value = self.define(name_at, type, block)
                block.args.append(value)
                if tokens[at] != ",":
                    break
                at += 1
            at = self.expect(at, ")")
        if tokens[at] == "unwind":
            block.unwind, at = self.target(at + 1)
        return block, self.expect(at, ":")

    def define(self, at: int, type: Type, owner: Operation | Block) -> Value:
        """Defines the value that token ``at`` names."""
        token = self.tokens[at]
        if token[:1] != "%" or len(token) < 2:
            self.expected(at, "a name `%name` for the result")
        spelled = self.spelling(at, token)
        key = "%" + spelled
        value = self.values.get(key)
        if value is None:
            value = self.values[key] = Value(type, spelled, owner)
        elif value.owner is None:
            self.forward.pop(key, None)  # not there when an error between has taken the name for defined
            value.type = type
            value.owner = owner
        else:
            self.error(at, f"{key} is defined twice in @{self.function.name}", "ALT-P003")
            return Value(type, spelled, owner)
        return value

    def define_results(self, op: Operation, names: list[str], start: int, written: Type | None, module: Module) -> None:
        """Finds the types of the results of ``op`` and defines them."""
        decl = op.decl
        types: list[Type]
        declared = decl.written
        if declared is not None:
            if written is None:
                self.fail(start, f"`{decl.name}` needs the type of its result: `: type`")
            types = [PlaceType(written) if declared.place else written]
            if len(decl.results) > 1:
                types = self.infer(op, start, types[0])
        elif (self.forward or self.pending) and self.awaited(op):
            self.pending.append((op, start))
            count = len(names) if any(r.optional or r.spread for r in decl.results) else len(decl.results)
            types = [None] * count  # type: ignore[list-item]
        else:
            types = self.infer(op, start, None)
            if types == [ERROR] and decl.results[0].spread:
                types *= len(names)
            if written is not None and (len(types) != 1 or types[0].erased is not written.erased):
                shown = f"`{types[0]}`" if len(types) == 1 else f"{len(types)} results"
                self.fail(start, f"`{decl.name}` gives {shown} here, not `{written}`")
        if len(names) != len(types):
            if not names and all(r.optional for r in decl.results):
                op.results = [Value(t, None, op) for t in types]  # a call whose result nobody wants
                return
            self.fail(start, f"`{decl.name}` gives {len(types)} results here, but {len(names)} are named", "ALT-V003")
        if len(names) == 1:
            name = names[0]
            if name not in self.values and name[1:2] != '"' and len(name) > 1:
                value = self.values[name] = Value(types[0], name[1:], op)
            else:
                value = self.define(start, types[0], op)
            op.results = [value]
        else:
            op.results = [self.define(start + 2 * n, t, op) for n, t in enumerate(types)]

    def awaited(self, op: Operation) -> list[Value]:
        """The operands from whose types those of the results of ``op`` follow, and whose types are not known yet."""
        positions = op.decl.positions
        found: list[Value] = []
        for result in op.decl.results:
            if result.infer is not None or result.spread or (result.same_as is not None and op.decl.flagged):
                return [v for v in op.operands if _waits(v)]
            if result.same_as is not None:
                value = op.operands[positions[result.same_as]]
                if _waits(value):
                    found.append(value)
        return found

    def infer(self, op: Operation, start: int, written: Type | None) -> list[Type]:
        for value in op.operands:
            if value.type is ERROR:
                return [ERROR if r.type is None else r.type for r in op.decl.results]
        if written is not None:
            types = []
            for result in op.decl.results:
                inferred = op.decl.infer_one(result, op, self.target_module)
                types.append(written if inferred is None else inferred)
            return types
        if not op.decl.count_is_right(op) and op.decl.callee is None:
            self.fail(start, f"`{op.decl.name}` takes {len(op.decl.operands)} operands, not {len(op.operands)}", "ALT-V003")
        given = [e for e in op.decl.operands if e.flag is None or e.flag in op.attrs]
        for operand, value in zip(given, op.operands, strict=False):
            if operand.same_as is not None or operand.variadic or _waits(value):
                continue
            if not operand.constraint.accepts(value.type):
                self.fail(
                    start,
                    f"operand `{operand.name}` of `{op.decl.name}` has type `{value.type}` "
                    f"where {operand.constraint.name} is expected",
                    "ALT-V005",
                )
        try:
            return op.decl.infer(op, self.target_module)
        except InferenceError as error:
            if self.failed and self.depends_on_failed(op):
                return [ERROR if r.type is None else r.type for r in op.decl.results]
            self.fail(start, str(error), "ALT-V005")

    def depends_on_failed(self, op: Operation) -> bool:
        """Whether the types or symbols of ``op`` mention a declaration that could not be read."""
        if "" in self.failed:  # one whose name could not be read
            return True
        if any("@" + spell_name(symbol) in self.failed for symbol in op.attrs.values() if isinstance(symbol, Symbol)):
            return True
        work = [value.type for value in op.operands]
        while work:
            each = work.pop()
            if isinstance(each, NamedType) and "@" + spell_name(each.name) in self.failed:
                return True
            work.extend(parts(each))
        return False

    def resolve_pending(self) -> None:
        """Infers what had to wait for a value defined further down: each operation when the last it awaits is known."""
        starts = dict(self.pending)
        lacking: dict[Operation, int] = {}
        users: dict[Value, list[Operation]] = {}
        for op in starts:
            awaited = [v for v in self.awaited(op) if v.owner is not None]
            lacking[op] = len(awaited)
            for value in awaited:
                users.setdefault(value, []).append(op)
        ready = [op for op in starts if not lacking[op]]
        if not ready and starts:
            ready.append(self.circular(starts))
        while ready:
            op = ready.pop()
            start = starts.pop(op)
            if any(_waits(v) and v.owner is None for v in op.operands):
                types: list[Type] = [ERROR] * len(op.results)  # an undefined name, reported by itself
            else:
                try:
                    types = self.infer(op, start, None)
                except Recover:
                    types = [ERROR] * len(op.results)
            if len(types) != len(op.results):
                message = f"`{op.decl.name}` gives {len(types)} results here, but {len(op.results)} are named"
                self.error(start, message, "ALT-V003")
                types = [ERROR] * len(op.results)
            for value, type in zip(op.results, types, strict=True):
                value.type = type
                for user in users.pop(value, ()):
                    lacking[user] -= 1
                    if not lacking[user] and user in starts:
                        ready.append(user)
            if not ready and starts:
                ready.append(self.circular(starts))

    def circular(self, unresolved: dict[Operation, int]) -> Operation:
        """Reports an operation that waits for itself, and makes it an error that others may wait for."""
        op = next(iter(unresolved))
        passed: set[Operation] = set()
        while op not in passed:
            passed.add(op)
            op = next(v.owner for v in self.awaited(op) if isinstance(v.owner, Operation) and v.owner in unresolved)
        self.error(unresolved[op], f"the type of %{op.results[0].name} follows from itself", "ALT-P005")
        op.operands[:] = [Value(ERROR)] * len(op.operands)
        return op
