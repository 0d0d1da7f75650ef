"""The Python function for a compiled one: written for its signature, so that a call does only what that signature needs.

For ``func @f(%x: i64, %y: f64) -> f64`` the source is

    def f(x, y, /):
        if type(x) is int or issubclass(type(x), int):
            try:
                return _native(x, y)
            except _REFUSED:
                pass
        x = _take0(x)
        y = _take1(y)
        return _native(x, y)

``_native`` is a stub (``stubs.py``), which lets the usual values through at once; everything else goes to functions that
convert or raise errors that name the parameter (``arguments.py``). ``_REFUSED`` is what a stub raises, and nobody else, before
anything is called or anyone's ``__index__`` asked; so nothing happens twice. Where Python has no stubs a prototype of ctypes
serves, behind conditions on what it would cut off or ask. Where memory is borrowed a ``Loan`` is opened and ended around the
call, and a result is copied out of memory before that (``results.py``). Slices have a usual case as well (``usual_slices.py``).
``_native`` is looked up at each call, so that a function can be unloaded under its name.

Example: ``make_call(Callee("f", type, ("x",)), codecs, address, unit, unwinds=False)[0](1)``.
"""

from __future__ import annotations

import ctypes
from typing import Any

from altru_ir.backend.host import stubs
from altru_ir.backend.host.arguments import Arguments
from altru_ir.backend.host.callees import Callee, parameter_names
from altru_ir.backend.host.natives import LOOK, make_native, telling_lines, telling_names
from altru_ir.backend.host.results import Result, result_of
from altru_ir.backend.host.values import Codecs, NoCodec


def make_call(callee: Callee, codecs: Codecs, entry: int, unit: Any, *, unwinds: bool) -> tuple[Any, dict[str, Any]]:
    """The Python function that calls ``entry``, and its namespace, in which ``_native`` is what it calls.

    Parameters: ``entry``, an address; ``unit``, kept alive by whoever is about to run its code; ``unwinds``, whether panics may
    come here. Raises ``TypeError`` for a signature that cannot be called from Python.
    """
    arguments = Arguments(callee, codecs, unit)
    names = parameter_names(callee)
    try:
        for index, (name, each) in enumerate(zip(names, callee.type.parameters, strict=True)):
            arguments.take(index, name, each)
        result = result_of(arguments)
    except NoCodec as error:
        raise TypeError(f"@{callee.name} cannot be called from Python: {error}") from None
    namespace = arguments.namespace
    namespace |= {"_native": make_native(entry, result.type, arguments.types, unit), "_unit": unit}
    look = [LOOK] if unwinds else []
    body = [*arguments.before, *result.setup]
    if arguments.moves:
        body += _moving(arguments, result, look)
    else:
        body += _plainly(arguments, result, look)
        if not arguments.borrows and names and result.given != "_made":
            body = [*_first(arguments, result, look), *body]
    if arguments.borrows:
        quick = arguments.slices.lines(arguments.strict, look) if result.given in ("_result", "None") else []
        body = [*quick, "_loan = _Loan()", "try:", *_within(body), "finally:", "    _loan.end()"]
    if unwinds:
        namespace |= telling_names()
        body = telling_lines(body)
    source = "\n".join([f"def call({', '.join([*names, '/']) if names else ''}):", *_within(body), ""])
    exec(compile(source, f"<call of @{callee.name}>", "exec"), namespace)
    made = namespace["call"]
    made.__doc__ = str(callee)
    made.__name__ = made.__qualname__ = callee.name
    return made, namespace


def _within(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _behind(arguments: Arguments, result: Result, look: list[str]) -> list[str]:
    """What follows the call."""
    return [*look, *(["_loan.returned()"] if arguments.writes else []), f"return {result.given}"]


def _plainly(arguments: Arguments, result: Result, look: list[str]) -> list[str]:
    """The call, when all arguments are as the native function wants them."""
    behind = _behind(arguments, result, look)
    if behind == ["return _result"]:
        return [f"return {arguments.call()}"]
    return [f"_result = {arguments.call()}", *behind]


def _first(arguments: Arguments, result: Result, look: list[str]) -> list[str]:
    """The call as the arguments come. What is raised behind it is not to be taken for a refusal: it would be called again."""
    possible = stubs.are_possible()
    arguments.namespace["_REFUSED"] = _refusals()
    behind = _behind(arguments, result, look)
    if behind == ["return _result"]:
        lines = ["try:", f"    return {arguments.call()}", "except _REFUSED: pass"]
    else:
        lines = ["try:", f"    _result = {arguments.call()}", "except _REFUSED: pass", "else:", *_within(behind)]
    conditions = [*arguments.fitting, *(arguments.likely if possible else arguments.strict)]
    return [f"if {' and '.join(dict.fromkeys(conditions))}:", *_within(lines)] if conditions else lines


def _moving(arguments: Arguments, result: Result, look: list[str]) -> list[str]:
    """The call where owners move. All else fits by now, so if it is refused another thread was faster; ``_move`` says so, or it
    was a view that is gone."""
    arguments.namespace["_REFUSED"] = _refusals()
    return [
        "while True:",
        f"    _move(({', '.join(arguments.moves)},))",
        "    try:",
        f"        _result = {arguments.call()}",
        "        break",
        "    except _REFUSED: pass",
        *_behind(arguments, result, look),
    ]


def _refusals() -> Any:
    """What the native function raises before it calls anything."""
    return stubs.Refused if stubs.are_possible() else (stubs.Refused, ctypes.ArgumentError)


__all__ = ["make_call"]
