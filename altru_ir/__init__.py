"""The IR floor: types, modules, text, builder and verifier.

    import altru_ir as air
    m = air.parse(text, filename="a.air")
    assert air.verify(m) == []

Passes are in ``altru_ir.passes``, native code in ``altru_ir.backend``, the C runtime in ``altru_ir.runtime``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from altru_ir.builder import Builder, BuilderError
    from altru_ir.diagnostics import Diagnostic, DiagnosticError, Edit, Fix, Label
    from altru_ir.faults import MemoryFault, Panic
    from altru_ir.module import Block, Field, Function, Global, Module, Signature, TypeDeclaration, Variant
    from altru_ir.source import Location, Source
    from altru_ir.text.parser import parse, parse_type
    from altru_ir.types import (
        ARENA,
        F32,
        F64,
        I1,
        I8,
        I16,
        I32,
        I64,
        I128,
        STATIC,
        UNIT,
        USIZE,
        ArrayType,
        FunctionType,
        NamedType,
        OwnType,
        PlaceType,
        PtrType,
        RefType,
        TupleType,
        Type,
        UninitType,
    )
    from altru_ir.values import Operation, Successor, Symbol, Value
    from altru_ir.verifier import verify

__version__ = "0.1.0"

__all__ = [
    "ARENA", "F32", "F64", "I1", "I8", "I16", "I32", "I64", "I128", "STATIC", "UNIT", "USIZE", "ArrayType", "Block",
    "Builder", "BuilderError", "Diagnostic", "DiagnosticError", "Edit", "Field", "Fix", "Function", "FunctionType", "Global",
    "Label", "Location", "MemoryFault", "Module", "NamedType", "Operation", "OwnType", "Panic", "PlaceType", "PtrType",
    "RefType", "Signature", "Source", "Successor", "Symbol", "TupleType", "Type", "TypeDeclaration", "UninitType", "Value",
    "Variant", "parse", "parse_type", "verify",
]  # fmt: skip

_HOMES = {
    "builder": "Builder BuilderError",
    "diagnostics": "Diagnostic DiagnosticError Edit Fix Label",
    "faults": "MemoryFault Panic",
    "module": "Block Field Function Global Module Signature TypeDeclaration Variant",
    "source": "Location Source",
    "text.parser": "parse parse_type",
    "types": (
        "ARENA F32 F64 I1 I8 I16 I32 I64 I128 STATIC UNIT USIZE ArrayType FunctionType NamedType OwnType PlaceType PtrType "
        "RefType TupleType Type UninitType"
    ),
    "values": "Operation Successor Symbol Value",
    "verifier": "verify",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Modules are loaded when one of their names is first asked for: `altru-opt --help` needs none."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'altru_ir' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"altru_ir.{home}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
