"""Structured control flow for the builder: variables with automatic SSA, scopes, branches, loops, matches.

    total = b.variable(air.I32, zero)
    with b.for_range(start, end) as i:
        total.set(b.add(total.get(), b.load(b.elem(seq, [i]))))
    b.ret(total.get())

A variable is a name for "its value here". What a branch changes becomes an argument of the block where branches join; a
loop hands every variable to its head and to the block after it (arguments that turn out to be the same on every edge cost
nothing in machine code). No block is built before its terminator is known, none is left without one unless the caller
leaves it so.

In a scope (``with b.scope()``, the body of a function made by ``with b.body(f)``, and in these each branch and each round of
a loop) the locals that are made have their ends where it is left: at its end and in front of ``ret``, ``break_`` and
``continue_``, the last one made first. Panics, and what is no local, are left to ``schedule-drops``.

Invariants: after a construct, the insertion point is where control goes on, and each variable's value there dominates it. A
branch that has ended (``ret``, ``panic``, ``break_``) takes no part in the join; where none goes on there is no join, and
``is_open`` is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.module import Block
from altru_ir.types import UNIT, IntType, PlaceType, Type, UsizeType
from altru_ir.values import Successor, Value

if TYPE_CHECKING:
    from altru_ir.builder import Builder


class Variable:
    """A mutable variable of a function being built. Made by ``Builder.variable``."""

    def __init__(self, builder: Builder, type: Type, name: str | None) -> None:
        self._builder = builder
        self.type = type
        self.name = name

    def get(self) -> Value:
        """Its value at the insertion point. Raises ``BuilderError`` outside of the scope in which it was made."""
        found = self._builder.environment.get(self)
        if found is None:
            raise self._builder.error(f"variable `{self.name or '?'}` is used outside of the scope in which it was made")
        return found

    def set(self, value: Value) -> None:
        """Gives it another value. Raises ``BuilderError`` when the type differs."""
        self.get()
        self._builder._value(value)
        if value.type.erased is not self.type.erased:
            raise self._builder.error(f"variable `{self.name or '?'}` has type `{self.type}`, not `{value.type}`")
        self._builder.environment[self] = value


Environment = dict[Variable, Value]


@attrs.define
class _End:
    """Where a branch ended without a terminator, with the variables as they were there."""

    block: Block
    environment: Environment


class Structured:
    """The structured part of ``Builder``."""

    environment: Environment

    @property
    def is_open(self: Builder) -> bool:  # type: ignore[misc]
        """Whether control gets to the insertion point and nothing has ended its block yet."""
        return self.current is not None and (self._before is not None or self.current.terminator is None)

    def _open_end(self: Builder) -> _End | None:  # type: ignore[misc]
        if self.current is None or not self.is_open:
            return None
        return _End(self.current, dict(self.environment))

    def _join(self: Builder, ends: Sequence[_End | None], before: Environment) -> None:  # type: ignore[misc]
        """Goes on in a new block reached from every end; variables that differ become its arguments."""
        live = [end for end in ends if end is not None]
        if not live:
            self.environment = before
            return
        changed = [v for v in before if len({end.environment[v] for end in live}) > 1]
        join = self.block(None)
        for variable in changed:
            join.add_arg(variable.type)
        for end in live:
            self.at_end(end.block)
            self.br(join.to(*(end.environment[v] for v in changed)))
        self.at_end(join)
        self.environment = {v: live[0].environment[v] for v in before}
        self.environment.update(zip(changed, join.args, strict=True))

    # -- scopes ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def scope(self: Builder) -> Iterator[None]:  # type: ignore[misc]
        """The locals and variables made inside live to its end, on every way out of it."""
        before = list(self.environment)
        opened: list[Value] = []
        self.scopes.append(opened)
        yield
        self._leave_scope(opened)
        self.environment = {v: self.environment[v] for v in before if v in self.environment}

    def _leave_scope(self: Builder, opened: list[Value]) -> None:  # type: ignore[misc]
        if not self.scopes or self.scopes[-1] is not opened:
            raise self.error("a scope is left that is not the innermost one of the function being built")
        if self.is_open:
            self.close_scopes(len(self.scopes) - 1)
        self.scopes.pop()

    def close_scopes(self: Builder, outer: int) -> None:  # type: ignore[misc]
        """Ends the locals of all scopes but the ``outer`` outermost here, the last one made first; the scopes stay open."""
        open_here = self.scopes
        self.scopes = []  # what is built now is in no scope
        for scope in reversed(open_here[outer:]):
            for local in reversed(scope):
                self.end(local)
        self.scopes = open_here

    def held(self: Builder, place: Value) -> Type:  # type: ignore[misc]
        """The type of what a place holds. Raises ``BuilderError`` for a value that is no place."""
        type = self._value(place).type
        if not isinstance(type, PlaceType):
            raise self.error(f"a `{type}` is no place")
        return type.target

    def use(self: Builder, place: Value, *, name: str | None = None) -> Value:  # type: ignore[misc]
        """What a place holds, as a value: a copy where the type copies, else moved out of it.

        Raises ``BuilderError`` for a value that is no place.
        """
        from altru_ir.marks import copies

        of = self.held(place)
        return self.load(place, name=name) if copies(of, self.module) else self.take(place, name=name)

    def variable(self: Builder, type: Type, initial: Value, name: str | None = None) -> Variable:  # type: ignore[misc]
        """A variable with its first value; it lives to the end of the innermost scope, branch or loop."""
        made = Variable(self, self._type(type), name if name is None else self._name(name))
        self.environment[made] = self._value(initial)
        made.set(initial)
        return made

    @contextmanager
    def if_(self: Builder, condition: Value) -> Iterator[None]:  # type: ignore[misc]
        """What is built inside runs when ``condition`` holds."""
        with self.if_else(condition) as (yes, no):
            with yes:
                yield
            with no:
                pass

    @contextmanager
    def if_else(self: Builder, condition: Value) -> Iterator[tuple[Arm, Arm]]:  # type: ignore[misc]
        """Two arms, each entered with ``with``: ``with b.if_else(c) as (yes, no): with yes: ... with no: ...``."""
        before = dict(self.environment)
        arms = Arm(self, self.block(None), before), Arm(self, self.block(None), before)
        self.cond_br(condition, arms[0].block, arms[1].block)
        yield arms
        self._join([arm.finished() for arm in arms], before)

    def both(self: Builder, first: Value, second: Callable[[], Value]) -> Value:  # type: ignore[misc]
        """``first and second()``: what ``second`` builds runs only when ``first`` holds."""
        result = self.variable(self._value(first).type, first)
        with self.if_(first):
            result.set(self._called(second))
        return self.environment.pop(result)

    def either(self: Builder, first: Value, second: Callable[[], Value]) -> Value:  # type: ignore[misc]
        """``first or second()``: what ``second`` builds runs only when ``first`` does not hold."""
        result = self.variable(self._value(first).type, first)
        with self.if_(self.xor(first, self.const(True, first.type))):
            result.set(self._called(second))
        return self.environment.pop(result)

    def _called(self: Builder, given: Callable[[], Value]) -> Value:  # type: ignore[misc]
        """What a function of the caller's builds."""
        if not callable(given):
            raise self.error(f"{given!r} was given where a function that builds a value is expected")
        return self._value(given())

    @contextmanager
    def match(self: Builder, value: Value) -> Iterator[Match]:  # type: ignore[misc]
        """A match over an enum value, an enum in a place, or an integer.

        ``with b.match(v) as m: with m.case("Some") as x: ... with m.otherwise(): ...``. An arm of an enum value yields the
        payload, which it owns; an arm of a place yields the payload's place. Of integers, and of enums where a variant has
        no arm, what matches none goes on behind.
        """
        made = Match(self, value)
        origin = self.current
        yield made
        if origin is None:
            raise self.error("`match` has nowhere to go")
        arms = made.finished()
        self.at_end(origin)
        self.environment = dict(made.before)
        cases = [(case, arm.block) for case, arm in arms]
        if made.is_enum:
            self.switch_enum(value, cases)
        else:
            self.switch(value, cases)
        self._join([arm.finished() for _, arm in arms], made.before)

    @contextmanager
    def loop(self: Builder) -> Iterator[Loop]:  # type: ignore[misc]
        """An endless loop; ``break_`` and ``break_if`` of what it yields leave it, ``continue_`` starts it anew."""
        made = Loop(self, None)
        yield made
        made.close()

    @contextmanager
    def while_(self: Builder, condition: Callable[[], Value]) -> Iterator[Loop]:  # type: ignore[misc]
        """A loop that runs while ``condition()``, built at its head, holds."""
        made = Loop(self, None)
        test = self._called(condition)
        body = self.block(None)
        self.cond_br(test, body, made.leaving())
        self.at_end(body)
        yield made
        made.close()

    @contextmanager
    def for_range(  # type: ignore[misc]
        self: Builder, low: Value, high: Value, name: str | None = None, *, signed: bool = False
    ) -> Iterator[Value]:
        """A loop over the integers from ``low`` to before ``high``; yields the index.

        For ``break_`` and ``continue_``, ``self.innermost_loop`` is the loop.
        """
        index = self.variable(self._value(low).type, low, name)
        made = Loop(self, lambda: index.set(self.add(index.get(), self.const(1, low.type))))
        body = self.block(None)
        self.cond_br(self.icmp("slt" if signed else "ult", index.get(), high), body, made.leaving())
        self.at_end(body)
        yield index.get()
        made.close()
        del self.environment[index]

    @property
    def innermost_loop(self: Builder) -> Loop:  # type: ignore[misc]
        """The loop being built. Raises ``BuilderError`` outside of loops."""
        if not self.loops:
            raise self.error("there is no loop here to leave or to continue")
        return self.loops[-1]


class Arm:
    """One branch; entered once with ``with``, while its construct is open."""

    def __init__(
        self, builder: Builder, block: Block, before: Environment, payload: Callable[[], Value | None] | None = None
    ) -> None:
        self._builder = builder
        self.block = block
        self._before = before
        self._payload = payload
        self._end: _End | None = None
        self._entered = False
        self._scope: list[Value] = []

    def __enter__(self) -> Value | None:
        builder = self._builder
        if self._entered:
            raise builder.error("an arm is entered once, and not behind its construct")
        self._entered = True
        builder.at_end(self.block)
        builder.environment = dict(self._before)
        if builder.scopes:
            builder.scopes.append(self._scope)
        return self._payload() if self._payload is not None else None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            if self._builder.scopes:
                self._builder._leave_scope(self._scope)
            self._end = self._builder._open_end()

    def finished(self) -> _End | None:
        """Where it ended; an arm that was never entered is empty."""
        if not self._entered:
            with self:
                pass
        return self._end


class Match:
    """The cases of a ``match``."""

    def __init__(self, builder: Builder, value: Value) -> None:
        from altru_ir.ops.enums import variants_of

        of = builder._value(value).type
        self._builder = builder
        self._value = value
        self._variants = variants_of(of.target if isinstance(of, PlaceType) else of, builder.module)
        if self._variants is None and not isinstance(of, IntType | UsizeType):
            raise builder.error(f"`match` takes an enum or an integer, not a `{of}`")
        self.is_enum = self._variants is not None
        self.before = dict(builder.environment)
        self._arms: list[tuple[Any, Arm]] = []
        self._closed = False

    def case(self, case: str | int) -> Arm:
        """The arm of a variant, or of a number; entering it gives the payload (None when there is none)."""
        self._check_open()
        if self._variants is None:
            if not isinstance(case, int):
                raise self._builder.error(f"`{case}` is no number, and a `{self._value.type}` is matched")
            return self._arm(case, Arm(self._builder, self._builder.block(None), self.before))
        if not isinstance(case, str) or case not in self._variants:
            raise self._builder.error(f"`{self._value.type}` has no variant `{case}`")
        block = self._builder.block(None)
        type, value = self._variants[case], self._value
        if type is UNIT:
            return self._arm(case, Arm(self._builder, block, self.before))
        if value.type.is_place:
            return self._arm(case, Arm(self._builder, block, self.before, lambda: self._builder.variant(value, case)))
        payload = block.add_arg(type)
        return self._arm(case, Arm(self._builder, block, self.before, lambda: payload))

    def otherwise(self) -> Arm:
        """The arm of everything else; the last one."""
        self._check_open()
        return self._arm(None, Arm(self._builder, self._builder.block(None), self.before))

    def _check_open(self) -> None:
        if self._closed or (self._arms and self._arms[-1][0] is None):
            raise self._builder.error("no arm follows `otherwise`, or the end of its `match`")

    def _arm(self, case: Any, arm: Arm) -> Arm:
        self._arms.append((case, arm))
        return arm

    def finished(self) -> list[tuple[Any, Arm]]:
        """All arms, with an empty one for what has none."""
        named = {case for case, _ in self._arms}
        if None not in named and (self._variants is None or len(named) < len(self._variants)):
            self.otherwise()
        self._closed = True
        return self._arms


class Loop:
    """A loop being built: its head is where it begins anew, ``after`` where control goes on."""

    def __init__(self, builder: Builder, step: Callable[[], None] | None) -> None:
        self._builder = builder
        self._step = step
        self._variables = list(builder.environment)
        self._head = self._block()
        self._after: Block | None = None
        self._again = self._block() if step is not None else self._head
        self._scope: list[Value] = []
        self._depth = len(builder.scopes)
        self._closed = False
        builder.loops.append(self)
        builder.br(self._edge(self._head))
        self._enter(self._head)
        if builder.scopes:
            builder.scopes.append(self._scope)

    def _block(self) -> Block:
        block = self._builder.block(None)
        for variable in self._variables:
            block.add_arg(variable.type, variable.name)
        return block

    def _edge(self, block: Block) -> Successor:
        return block.to(*(self._builder.environment[v] for v in self._variables))

    def _enter(self, block: Block) -> None:
        self._builder.at_end(block)
        self._builder.environment = dict(zip(self._variables, block.args, strict=True))

    def _out(self) -> Successor:
        """The edge to the block behind the loop, which exists when there is one."""
        if self._after is None:
            self._after = self._block()
        return self._edge(self._after)

    def _check_open(self) -> None:
        if self._closed or self not in self._builder.loops:
            raise self._builder.error("the loop is no longer being built")

    def leaving(self) -> Successor:
        """The edge out of the loop from here, for a terminator of the caller's own."""
        self._check_open()
        builder = self._builder
        if not any(builder.scopes[self._depth :]):
            return self._out()
        here, ends = builder.current, builder.block(None)
        assert here is not None
        builder.at_end(ends)
        builder.close_scopes(self._depth)
        builder.br(self._out())
        builder.at_end(here)
        return ends.to()

    def break_(self) -> None:
        """Leaves the loop."""
        self._check_open()
        self._builder.close_scopes(self._depth)
        self._builder.br(self._out())

    def break_if(self, condition: Value) -> None:
        """Leaves the loop when ``condition`` holds."""
        leaving = self.leaving()
        going_on = self._builder.block(None)
        self._builder.cond_br(condition, leaving, going_on)
        self._builder.at_end(going_on)

    def continue_(self) -> None:
        """Goes to the next round."""
        self._check_open()
        self._builder.close_scopes(self._depth)
        self._builder.br(self._edge(self._again))

    def close(self) -> None:
        """Ends the body; the insertion point is behind the loop, unless nothing leaves it."""
        builder = self._builder
        if builder.loops[-1:] != [self]:
            raise builder.error("a loop is left that is not the innermost one of the function being built")
        if builder.is_open:
            self.continue_()
        if self._depth:
            builder.scopes.pop()
        if self._step is not None:
            self._enter(self._again)
            self._step()
            builder.br(self._edge(self._head))
        self._closed = True
        builder.loops.pop()
        if self._after is not None:
            self._enter(self._after)
        else:
            builder.environment = dict(zip(self._variables, self._head.args, strict=True))
