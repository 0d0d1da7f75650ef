"""What a builder is given, looked at before it is used: a value where a value belongs, a list where a list does.

    b.add(1, 2)                            # BuilderError: 1 was given where a value is expected (in @f, ^entry, at demo:3)

Invariant: what is of the wrong kind is refused here, by name and with the place, and comes to no operation.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

from altru_ir.builder.errors import BuilderError, spelled
from altru_ir.diagnostics import Diagnostic, with_articles
from altru_ir.literals import is_literal
from altru_ir.module import Block, Function
from altru_ir.source import Location, has_text
from altru_ir.types import Type
from altru_ir.values import Successor, Symbol, Value


class Arguments:
    """The part of ``Builder`` that accepts arguments, and says what is wrong with them."""

    current: Block | None
    _location: Location | None

    def error(self, message: str, code: str | None = None) -> BuilderError:
        """The exception for ``message``, with the place of the insertion point; ``code`` is that of the broken rule."""
        message = with_articles(message)
        where = []
        block, function = self.current, None
        if block is not None and block.function is not None:
            function = block.function.name
            where.append(f"in @{function}, {spelled(block)}")
        if self._location is not None:
            where.append(f"at {self._location}")
        problem = None if code is None else Diagnostic(code, message, self._location, function=function)
        return BuilderError(f"{message} ({', '.join(where)})" if where else message, self._location, problem)

    def _values(self, given: Sequence[Value] | Value) -> Sequence[Value]:
        """The list of values that was given for operands of which there may be any number."""
        if isinstance(given, Value):
            raise self.error("one value was given where a list of values is expected; write it in brackets")
        self._listed(given)
        return given

    def _listed(self, given: Any) -> Any:
        if not isinstance(given, Iterable):
            raise self.error(f"{given!r} was given where a list is expected")
        return given

    def _value(self, given: object) -> Value:
        if not isinstance(given, Value):
            raise self.error(f"{given!r} was given where a value is expected")
        return given

    def _name(self, given: object) -> str:
        if not isinstance(given, str):
            raise self.error(f"{given!r} was given where a name is expected")
        if not has_text(given):
            raise self.error(f"the name {given!r} holds half of a surrogate pair, which no text can say")
        return given

    def _linkage(self, given: str) -> None:
        if given not in ("public", "private"):
            raise self.error(f"a linkage is `public` or `private`, not {given!r}")

    def _check_distinct(self, name: str, members: list[Any]) -> None:
        names = [member.name for member in members]
        twice = next((each for each in names if names.count(each) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise self.error(f"`{twice}` is declared twice in @{name}", "ALT-P003")

    def _literal(self, given: Any, where: str) -> Any:
        """A number of somebody's own class (NumPy has many), an array, or a list of such, as Python's own."""
        if is_literal(given):
            return given
        if isinstance(given, (list, tuple)):
            return [self._literal(each, where) for each in given]
        listed = getattr(given, "tolist", None)
        found = listed() if callable(listed) else operator.index(given) if hasattr(given, "__index__") else None
        if not is_literal(found):
            raise self.error(f"{where} is {given!r}, and no literal")
        return found

    def _cases(self, given: Any) -> list[tuple[Any, Any]]:
        cases = list(self._listed(given))
        for each in cases:
            if not isinstance(each, (tuple, list)) or len(each) != 2:
                raise self.error(f"{each!r} was given where a pair of a case and a block is expected")
        return cases

    def _type(self, given: object) -> Type:
        if not isinstance(given, Type):
            hint = f"; `air.parse_type({given!r})` is one" if isinstance(given, str) else ""
            raise self.error(f"{given!r} was given where a type is expected{hint}")
        return given

    def _named(self, given: object) -> tuple[str, Type]:
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise self.error(f"{given!r} was given where a pair of a name and a type is expected")
        name, type = given
        return self._name(name), self._type(type)

    def _edge(self, target: Block | Successor, case: Any = None) -> Successor:
        if isinstance(target, Block):
            return Successor(target, [], case)
        if not isinstance(target, Successor):
            raise self.error(f"{target!r} was given where a block is expected")
        return Successor(target.block, target.args, case) if case is not None else target

    def _callee(self, callee: str | Function | Value) -> tuple[list[Value], dict[str, Any]]:
        if isinstance(callee, Value):
            return [callee], {}
        if not isinstance(callee, (str, Function)):
            raise self.error(f"{callee!r} was given where a function, its name or a function value is expected")
        return [], {"callee": Symbol(callee.name if isinstance(callee, Function) else callee)}

    def _bytes(self, text: object) -> bytes:
        if isinstance(text, str):
            try:
                return text.encode()
            except UnicodeEncodeError:
                raise self.error(f"{text!r} holds half of a surrogate pair, which has no bytes") from None
        if not isinstance(text, (bytes, bytearray, memoryview)):
            raise self.error(f"{text!r} was given where a text or bytes are expected")
        return bytes(text)
