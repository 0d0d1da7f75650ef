"""The IR floor: types, modules, text, builder and verifier.

    import altru_ir as air
    m = air.parse(text, filename="a.air")
    assert air.verify(m) == []

Passes are in ``altru_ir.passes``, native code in ``altru_ir.backend``, the C runtime in ``altru_ir.runtime``.
"""

from typing import TYPE_CHECKING

from altru_ir.diagnostics import Diagnostic, DiagnosticError, Label
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
    PtrType,
    RefType,
    TupleType,
    Type,
    UninitType,
)
from altru_ir.values import Operation, Successor, Symbol, Value
from altru_ir.verifier import verify

if TYPE_CHECKING:
    from altru_ir.builder import Builder as Builder

__version__ = "0.1.0"

__all__ = [
    "ARENA", "F32", "F64", "I1", "I8", "I16", "I32", "I64", "I128", "STATIC", "UNIT", "USIZE", "ArrayType", "Block",
    "Builder", "Diagnostic", "DiagnosticError", "Field", "Function", "FunctionType", "Global", "Label", "Location",
    "MemoryFault", "Module", "NamedType", "Operation", "OwnType", "Panic", "PtrType", "RefType", "Signature", "Source",
    "Successor", "Symbol", "TupleType", "Type", "TypeDeclaration", "UninitType", "Value", "Variant", "parse", "parse_type",
    "verify",
]  # fmt: skip


def __getattr__(name: str) -> object:
    # The builder is a large generated class; programs that only read text do not pay for it.
    if name == "Builder":
        from altru_ir import builder

        return builder.Builder
    raise AttributeError(f"module 'altru_ir' has no attribute {name!r}")
