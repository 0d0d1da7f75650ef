"""Structured control flow for the builder: variables with automatic SSA, branches, loops, matches.

    total = b.variable(air.I32, zero)
    with b.for_range(start, end) as i:
        total.set(b.add(total.get(), b.load(b.elem(seq, [i]))))
    b.ret(total.get())

A variable is a name for "its value here". What a branch changes becomes an argument of the block where branches join; a
loop hands every variable to its head and to the block after it (arguments that turn out to be the same on every edge cost
nothing in machine code). No block is built before its terminator is known, none is left without one unless the caller
leaves it so.

Invariants: after a construct, the insertion point is the block in which control goes on, and each variable's value there
dominates it. A branch that has ended (``ret``, ``panic``, ``break_``) takes no part in the join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from altru_ir.module import Block
from altru_ir.types import UNIT, Type
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

    def _open_end(self: Builder) -> _End | None:  # type: ignore[misc]
        block = self.current
        if block is None or block.terminator is not None:
            return None
        return _End(block, dict(self.environment))

    def _join(self: Builder, ends: Sequence[_End | None], before: Environment) -> None:  # type: ignore[misc]
        """Goes on in a new block reached from every end; variables that differ become its arguments."""
        live = [end for end in ends if end is not None]
        changed = [v for v in before if len({end.environment[v] for end in live}) > 1]
        join = self.block(None)
        for variable in changed:
            join.add_arg(variable.type)
        for end in live:
            self.at_end(end.block)
            self.br(join.to(*(end.environment[v] for v in changed)))
        self.at_end(join)
        settled = live[0].environment if live else before
        self.environment = {v: settled[v] for v in before}
        self.environment.update(zip(changed, join.args, strict=True))

    def variable(self: Builder, type: Type, initial: Value, name: str | None = None) -> Variable:  # type: ignore[misc]
        """A variable with its first value; it lives to the end of the innermost branch or loop."""
        made = Variable(self, type, name)
        self.environment[made] = initial
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

    @contextmanager
    def match(self: Builder, value: Value) -> Iterator[Match]:  # type: ignore[misc]
        """A match over an enum value: ``with b.match(v) as m: with m.case("Some") as x: ... with m.otherwise(): ...``."""
        made = Match(self, value)
        origin = self.current
        yield made
        if origin is None:
            raise self.error("`match` has nowhere to go")
        self.at_end(origin)
        self.switch_enum(value, [(name, arm.block) for name, arm in made.arms])
        self._join([arm.finished() for _, arm in made.arms], made.before)

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
        test = condition()
        body = self.block(None)
        self.cond_br(test, body, made.leaving())
        self.at_end(body)
        yield made
        made.close()

    @contextmanager
    def for_range(self: Builder, low: Value, high: Value, name: str | None = None) -> Iterator[Value]:  # type: ignore[misc]
        """A loop over the integers from ``low`` to before ``high`` (unsigned); yields the index.

        For ``break_`` and ``continue_``, ``self.innermost_loop`` is the loop.
        """
        index = self.variable(low.type, low, name)
        made = Loop(self, lambda: index.set(self.add(index.get(), self.const(1, low.type))))
        body = self.block(None)
        self.cond_br(self.icmp("ult", index.get(), high), body, made.leaving())
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
    """One branch; entered once with ``with``."""

    def __init__(self, builder: Builder, block: Block, before: Environment, payload: Value | None = None) -> None:
        self._builder = builder
        self.block = block
        self._before = before
        self._payload = payload
        self._end: _End | None = None
        self._entered = False

    def __enter__(self) -> Value | None:
        if self._entered:
            raise self._builder.error("an arm is entered once")
        self._entered = True
        self._builder.at_end(self.block)
        self._builder.environment = dict(self._before)
        return self._payload

    def __exit__(self, *_: object) -> None:
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
        self._builder = builder
        self._value = value
        self.before = dict(builder.environment)
        self.arms: list[tuple[str | None, Arm]] = []

    def case(self, variant: str) -> Arm:
        """The arm of a variant; entering it gives the payload (None when the variant has none)."""
        from altru_ir.ops.enums import variants_of

        variants = variants_of(self._value.type, self._builder.module)
        if variants is None or variant not in variants:
            raise self._builder.error(f"`{self._value.type}` has no variant `{variant}`")
        block = self._builder.block(None)
        payload = None if variants[variant] is UNIT else block.add_arg(variants[variant])
        arm = Arm(self._builder, block, self.before, payload)
        self.arms.append((variant, arm))
        return arm

    def otherwise(self) -> Arm:
        """The arm of all other variants; the last one."""
        arm = Arm(self._builder, self._builder.block(None), self.before)
        self.arms.append((None, arm))
        return arm


class Loop:
    """A loop being built: its head is where it begins anew, ``after`` where control goes on."""

    def __init__(self, builder: Builder, step: Callable[[], None] | None) -> None:
        self._builder = builder
        self._step = step
        self._variables = list(builder.environment)
        self._head = self._block()
        self._after = self._block()
        self._again = self._block() if step is not None else self._head
        builder.loops.append(self)
        builder.br(self._edge(self._head))
        self._enter(self._head)

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

    def leaving(self) -> Successor:
        """The edge out of the loop from here, for a terminator of the caller's own."""
        return self._edge(self._after)

    def break_(self) -> None:
        """Leaves the loop."""
        self._builder.br(self.leaving())

    def break_if(self, condition: Value) -> None:
        """Leaves the loop when ``condition`` holds."""
        going_on = self._builder.block(None)
        self._builder.cond_br(condition, self.leaving(), going_on)
        self._builder.at_end(going_on)

    def continue_(self) -> None:
        """Goes to the next round."""
        self._builder.br(self._edge(self._again))

    def close(self) -> None:
        """Ends the body; the insertion point is behind the loop."""
        builder = self._builder
        if builder._open_end() is not None:
            self.continue_()
        if self._step is not None:
            self._enter(self._again)
            self._step()
            builder.br(self._edge(self._head))
        builder.loops.pop()
        self._enter(self._after)
