"""Planting a defect: one expression in the source of a function or method is replaced by another, and put back afterwards.

    with planted(Mutant("passes.analysis.initialization:Initialization._whole", "path.mask, path.mask", "0, 0")):
        ...                                    # whoever calls the function, calls the wrong one

Clauses, cited by number in the code:

 1. The code of the function object changes, nothing else: whoever has imported it, a table of handlers and a subclass have the
    defect too; defaults, decorators and the variables of a closure (``super()`` among them) stay.
 2. What is to be replaced stands there as often as the mutant says, so that a change of the source cannot quietly leave a
    mutant with nothing to change, or with more than was meant.
 3. Results that are kept between calls (``functools.cache``) are forgotten before and behind.

Invariant: behind the ``with`` all functions have the code they had, however the block was left.

Reference: DeMillo, Lipton and Sayward, Hints on Test Data Selection, Computer 1978 (mutants, and what it says to find them).
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import attrs

FALLS_OVER = (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a defect may raise where it breaks an assumption of the code around it: that is noticed as well."""


@attrs.frozen
class Mutant:
    """In the function ``where``, ``old`` becomes ``new`` at each of the ``times`` places where it stands."""

    where: str
    """``file:name`` or ``file:Class.name``, the file below ``altru_ir``."""
    old: str
    new: str
    times: int = 1


def mutants(prefix: str, definitions: dict[str, tuple[str, str, str] | tuple[str, str, str, int]]) -> dict[str, Mutant]:
    """Definitions in rows, where all files lie below ``prefix``."""
    return {name: Mutant(prefix + where, *rest) for name, (where, *rest) in definitions.items()}


@contextlib.contextmanager
def planted(*defects: Mutant) -> Iterator[None]:
    """Defects in place.

    Raises:
        ValueError: the text of one does not stand where, or as often as, it says; nothing is planted then.
    """
    found: dict[FunctionType, str] = {}
    caches: list[Callable[[], None]] = []
    for defect in defects:
        function, forget = _function(defect.where)
        caches += forget
        text = found.get(function) or _source(function)
        count = text.count(defect.old)
        if count != defect.times:  # 2
            raise ValueError(f"`{defect.old}` stands {count} times in {defect.where}, not {defect.times}")
        found[function] = text.replace(defect.old, defect.new)
    made = {function: _code(function, text) for function, text in found.items()}
    before = {function: function.__code__ for function in made}
    try:
        for function, code in made.items():
            function.__code__ = code  # 1
        for forget in caches:
            forget()
        yield
    finally:
        for function, code in before.items():
            function.__code__ = code
        for forget in caches:
            forget()


def _function(where: str) -> tuple[FunctionType, list[Callable[[], None]]]:
    """The function that is named, and what makes those around it forget their results (3)."""
    file, _, name = where.partition(":")
    found: Any = importlib.import_module(f"altru_ir.{file}")
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    forget = []
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        if hasattr(found, "cache_clear"):
            forget.append(found.cache_clear)
        if isinstance(found, property):
            found = found.fget
        elif isinstance(found, functools.cached_property):
            found = found.func
        else:
            found = found.__wrapped__  # a cache, a decorator, a static method
    return found, forget


def _source(function: FunctionType) -> str:
    """The text of a function at the margin; a line of an argument list may stand further left than its first one."""
    text = inspect.getsource(function)
    margin = " " * (len(text) - len(text.lstrip(" ")))
    return "".join(line.removeprefix(margin) for line in text.splitlines(keepends=True))


def _code(function: FunctionType, text: str) -> CodeType:
    """The code of a function with another text, with the same free variables (1)."""
    free = function.__code__.co_freevars
    if free:
        text = f"def around({', '.join(free)}):\n{textwrap.indent(text, '    ')}"
    space: list[CodeType] = [compile(f"from __future__ import annotations\n{text}", "<planted>", "exec")]
    for code in space:
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                if inner.co_name == function.__name__:
                    if inner.co_freevars != free:
                        raise ValueError(
                            f"{function.__qualname__} has the free variables {free}, and with a defect {inner.co_freevars}"
                        )
                    return inner
                space.append(inner)
    raise ValueError(f"{function.__qualname__} is not in its own text")
