"""A method that is called in another way than it is declared says how it is called.

    b.add(x)                       # BuilderError: `add` was called with no 'b'; it is called as `add(a, b, *, name=None)`

Invariant: a call that fits costs one ``try``; a ``TypeError`` from inside of the method stays what it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from altru_ir.builder.arguments import Arguments


def says_how(method: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, which says how it is called when that is done in another way."""

    @wraps(method)
    def called(self: Arguments, *given: Any, **named: Any) -> Any:
        try:
            return method(self, *given, **named)
        except TypeError:
            signature = inspect.signature(method)
            try:
                signature.bind(self, *given, **named)
            except TypeError as problem:
                told = _problem(str(problem))
            else:
                raise  # it comes from inside
        plain = [each.replace(annotation=each.empty) for each in list(signature.parameters.values())[1:]]
        shown = signature.replace(parameters=plain, return_annotation=signature.empty)
        name = method.__name__
        raise self.error(f"`{name}` was called with {told}; it is called as `{name}{shown}`")

    return called


def _problem(text: str) -> str:
    """What is wrong with arguments, in our words."""
    missing = text.removeprefix("missing a required argument: ")
    if missing != text:
        return f"no {missing}"
    unknown = text.removeprefix("got an unexpected keyword argument ")
    return f"an unknown argument {unknown}" if unknown != text else text
