"""What of a module is known outside of it, in one order: that of the table, of the header, of a library.

Example: ``table_rows(m)[0][0].name`` is the first public function that the module defines.
"""

from __future__ import annotations

from operator import attrgetter

from altru_ir.module import Function, Global, Module
from altru_ir.types import FunctionType


def table_rows(module: Module) -> tuple[list[Function], list[Global]]:
    """The functions and the globals that the table names, in its order."""
    functions = [f for f in module.functions.values() if f.blocks and f.linkage != "private"]
    variables = [g for g in module.globals.values() if g.initial is not None and g.linkage != "private"]
    return functions, variables


def types_of(functions: list[Function]) -> list[FunctionType]:
    """The types of functions."""
    return list(map(_TYPE, functions))


_TYPE = attrgetter("signature.type")
