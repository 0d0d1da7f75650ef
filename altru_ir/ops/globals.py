"""Globals and functions as values."""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import PROJECTION, PURE, SOMETIMES_UNSAFE, InferenceError, Result, SymbolOf, operation
from altru_ir.marks import shares
from altru_ir.module import Module
from altru_ir.types import STATIC, PlaceType, RefType, Type
from altru_ir.values import Operation


def _place_of_global(op: Operation, module: Module) -> Type:
    found = module.globals.get(op.attrs["symbol"])
    if found is None:
        raise InferenceError(f"there is no global @{op.attrs['symbol']}")
    return PlaceType(found.type, found.mode != "const")


def _mutable_needs_unsafe(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    found = module.globals.get(op.attrs["symbol"])
    if found is not None and found.mode == "mut" and not op.unsafe:
        yield "U001", f"access to the mutable global @{op.attrs['symbol']} needs the `unsafe` marker"


@operation("global", "$symbol", traits=(PROJECTION, SOMETIMES_UNSAFE), verify=_mutable_needs_unsafe)
class GlobalPlace:
    """The place of a global; of a ``mut`` one only with ``unsafe``. A ``thread_local`` one is this thread's own.

    Example: ``%table = global @table``
    """

    symbol = SymbolOf("global")
    place = Result(infer=_place_of_global)


def _reference_to_global(op: Operation, module: Module) -> Type:
    found = module.globals.get(op.attrs["symbol"])
    if found is None:
        raise InferenceError(f"there is no global @{op.attrs['symbol']}")
    if found.mode != "const":
        raise InferenceError(f"@{op.attrs['symbol']} may change: borrow it through `global`")
    if not shares(found.type, module):
        raise InferenceError(f"@{op.attrs['symbol']} of type `{found.type}` cannot be shared between threads")
    return RefType(found.type, region=STATIC)


@operation("global.ref", "$symbol", traits=(PURE,))
class GlobalRef:
    """A reference to a constant global, live for ``'static``.

    Example: ``%text = global.ref @greeting``
    """

    symbol = SymbolOf("global")
    reference = Result(infer=_reference_to_global)


def _function_value(op: Operation, module: Module) -> Type:
    found = module.functions.get(op.attrs["symbol"])
    if found is None:
        raise InferenceError(f"there is no function @{op.attrs['symbol']}")
    return found.signature.type


@operation("func.ref", "$symbol", traits=(PURE,))
class FuncRef:
    """A function as a value.

    Example: ``%f = func.ref @compare``
    """

    symbol = SymbolOf("function")
    function = Result(infer=_function_value)
