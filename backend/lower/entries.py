"""Entries: the native functions through which a host calls compiled code, and the table that says where they are.

Compiled functions pass aggregates as LLVM likes best, which no other compiler knows. An entry has the platform's C calling
convention: numbers and thin pointers by value, a pointer with lengths as its parts, and everything else behind a pointer to
memory that the host laid out by ``altru_ir.layout``; a result that is no scalar is stored through a pointer that comes first.

    func @norm(%p: @Point, %xs: ref<[? x f64]>) -> f64      ->   double entry(Point *p, double *xs, size_t n)
    func @twice(%p: @Point) -> @Point                       ->   void entry(Point *result, Point *p)

An entry is a guard, too (``panics.py``): a panic ends there and waits for the host, and the entry returns zero. A function that
is passed this way already, and lets no panic out, is its own entry. The other direction is the same: a callable of the host
that stands in for a declaration is called by a C convention, from a function of its name that unpacks what the module passes.

One symbol leads to all of it: ``altru.table`` holds, for each public definition in the module's order, the address of the
entry and the function's own (null when that is the same), then the addresses of the public globals. Invariant: the table's
order is ``table_rows``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.backend.lower.c_names import exported_names, symbol_of
from altru_ir.backend.lower.panics import GUARD, LANDED, PERSONALITY, WRAPPER, label_of
from altru_ir.backend.lower.rows import table_rows
from altru_ir.backend.lower.types import dimensions_of, llvm_type, parameter_types, quote, result_type
from altru_ir.layout import layout_of
from altru_ir.module import Function
from altru_ir.types import UNIT, FloatType, FunctionType, IntType, PhantomType, PtrType, RefType, Type, UsizeType

if TYPE_CHECKING:
    from altru_ir.backend.lower.module import ModuleLowering

TABLE = "altru.table"


def passed_as(type: Type) -> str:
    """How a host passes a value: ``nothing``, ``scalar``, ``parts`` (an address and lengths) or ``memory``."""
    if type is UNIT or isinstance(type, PhantomType):
        return "nothing"
    if isinstance(type, (UsizeType, FloatType)) or (isinstance(type, IntType) and type.bits <= 64):
        return "scalar"
    if isinstance(type, (FunctionType, PtrType, RefType)) or type.pointee is not None:
        return "parts" if dimensions_of(type) else "scalar"
    return "memory"


def is_guarded(function: Function, lowering: ModuleLowering) -> bool:
    """Whether a panic may leave the function, so that its entry has to catch it."""
    return lowering.unwinds and not function.signature.type.nounwind and function.name not in lowering.quiet


def is_exported(function: Function) -> bool:
    """Whether a library lets C call the function as it is compiled; C extends small integers, and so must we."""
    type = function.signature.type
    every = [*type.parameters, type.result]
    small = any(isinstance(each, IntType) and each.bits < 32 for each in every)
    return is_own_entry(function) and not small and symbol_of(function.name, "") == function.name


def exports_text(lowering: ModuleLowering) -> list[str]:
    """What a library lets C call in place of functions that pass values in our own way, or have names that C has not."""
    names = exported_names(lowering.module)
    functions, variables = table_rows(lowering.module)
    made = []
    for function in functions:
        if not is_exported(function):
            name = f"@{quote(symbol_of(function.name, names[function.name]))}"
            made.append(_entry(function, name, lowering.symbol(function.name), lowering, linkage=""))
    for item in variables:
        symbol = symbol_of(item.name, names[item.name])
        if symbol != item.name:
            made.append(f"@{quote(symbol)} = alias {llvm_type(item.type, lowering.module)}, ptr @{quote(item.name)}")
    return made


def is_own_entry(function: Function) -> bool:
    """Whether a host passes what the function takes as the function takes it."""
    type = function.signature.type
    return all(_is_plain(each) for each in type.parameters) and (
        passed_as(type.result) == "nothing" or (passed_as(type.result) == "scalar" and _is_plain(type.result))
    )


def _is_plain(type: Type) -> bool:
    return passed_as(type) != "memory" and not (isinstance(type, IntType) and type.bits == 1)


def entries_text(lowering: ModuleLowering) -> list[str]:
    """The entries of a module and its table."""
    functions, variables = table_rows(lowering.module)
    lines, cells = [], []
    for function in functions:
        own = lowering.symbol(function.name)
        if is_own_entry(function) and not is_guarded(function, lowering):
            cells += [own, "null"]
        else:
            name = f"@{quote(f'altru.entry.{function.name}')}"
            lines.append(_entry(function, name, own, lowering))
            cells += [name, own]
    cells += [lowering.symbol(each.name) for each in variables]
    body = ", ".join(f"ptr {cell}" for cell in cells)
    lines.append(f"@{TABLE} = constant [{len(cells)} x ptr] {f'[{body}]' if cells else 'zeroinitializer'}")
    return lines


def _entry(function: Function, name: str, own: str, lowering: ModuleLowering, linkage: str = "internal ") -> str:
    module, guarded = lowering.module, linkage != "" and is_guarded(function, lowering)
    type = function.signature.type
    parameters: list[str] = []
    arguments: list[str] = []
    lines: list[str] = []
    for index, each in enumerate(type.parameters):
        kind = passed_as(each)
        if kind == "memory":
            parameters.append(f"ptr %p{index}")
            whole = llvm_type(each, module)
            lines.append(f"  %a{index} = load {whole}, ptr %p{index}, align {layout_of(each, module).align}")
            arguments.append(f"{whole} %a{index}")
        elif isinstance(each, IntType) and each.bits == 1:
            parameters.append(f"i8 %p{index}")
            lines.append(f"  %a{index} = trunc i8 %p{index} to i1")
            arguments.append(f"i1 %a{index}")
        else:
            for part, text in enumerate(parameter_types(each, module)):
                parameters.append(f"{text} %p{index}.{part}")
                arguments.append(f"{text} %p{index}.{part}")
    result, kind = result_type(type.result, module), passed_as(type.result)
    outer, ending, zero = result, [f"  ret {result} %r"], f"  ret {result} zeroinitializer"
    small = isinstance(type.result, IntType) and type.result.bits < 32 and not linkage
    if kind == "nothing":
        ending, zero = ["  ret void"], "  ret void"
    elif isinstance(type.result, IntType) and type.result.bits == 1:
        outer, ending, zero = "i8", ["  %wide = zext i1 %r to i8", "  ret i8 %wide"], "  ret i8 0"
        if small:
            outer = "zeroext i8"
    elif small:
        outer = f"signext {result}"
    elif kind != "scalar":
        outer, zero = "void", "  ret void"
        parameters.insert(0, "ptr %result")
        ending = [f"  store {result} %r, ptr %result, align {layout_of(type.result, module).align}", "  ret void"]
    value = "" if kind == "nothing" else "%r = "
    call = f"{result} {own}({', '.join(arguments)})"
    header = f"define {linkage}{outer} {name}({', '.join(parameters)})"
    if not guarded:
        attributes, behind = "uwtable" if lowering.unwinds else "nounwind uwtable", ""
        if lowering.places is not None:  # the function may be inlined here
            scope, behind = lowering.places.wrapper()
            attributes += f" {label_of(function.name, WRAPPER)}{scope}"
        return "\n".join([f"{header} {attributes} {{", *lines, f"  {value}call {call}{behind}", *ending, "}", ""])
    lowering.declare("declare void @altru_panic_catch(ptr) cold nounwind")
    lowering.declare_personality()
    lines += [f"  {value}invoke {call} noinline to label %returned unwind label %panicked", "returned:", *ending, "panicked:"]
    lines += [f"  %landed = landingpad {LANDED} catch ptr null", f"  %exception = extractvalue {LANDED} %landed, 0"]
    lines += ["  call void @altru_panic_catch(ptr %exception)", zero]
    return "\n".join([f"{header} uwtable {label_of('', GUARD)} {PERSONALITY} {{", "entry:", *lines, "}", ""])


def host_letter(type: Type) -> str:
    """The letter (``host/c_api.py``) under which a callable of the host is given a scalar: the wide one of its kind."""
    if isinstance(type, IntType):
        return "?" if type.bits == 1 else "q"
    return "N" if isinstance(type, UsizeType) else "d" if isinstance(type, FloatType) else "P"


def callback_text(function: Function, lowering: ModuleLowering) -> str:
    """A function of the declaration's name that calls the host's ``altru.callback.NAME`` by the C convention.

    Its arguments are ``altru.callable.NAME``, where a result is stored, and then the values: numbers as wide as there are, and
    what lies in memory as addresses. It returns whether an exception is on its way. Then this
    panics, where panics unwind: cleanups run up to the entry, where the host knows better why. Otherwise the result is zero.
    """
    module = lowering.module
    type = function.signature.type
    parameters: list[str] = []
    callee, context = (f"@{quote(f'altru.{what}.{function.name}')}" for what in ("callback", "callable"))
    arguments: list[str] = [f"ptr {context}"]
    lines: list[str] = []
    result, kind = result_type(type.result, module), passed_as(type.result)
    ending = ["  ret void"]
    if kind != "nothing":
        whole = "i8" if isinstance(type.result, IntType) and type.result.bits == 1 else result
        lines.append(f"  %out = alloca {whole}, align {layout_of(type.result, module).align}")
        ending = [f"  %r = load {whole}, ptr %out", f"  ret {result} %r"]
        if whole != result:
            ending = ["  %wide = load i8, ptr %out", "  %r = trunc i8 %wide to i1", "  ret i1 %r"]
        arguments.append("ptr %out")
    for index, each in enumerate(type.parameters):
        passed = passed_as(each)
        for part, text in enumerate(parameter_types(each, module)):
            given, wide = f"%p{index}.{part}", f"%w{index}"
            parameters.append(f"{text} {given}")
            if passed == "memory":
                align = layout_of(each, module).align
                lines += [f"  {wide} = alloca {text}, align {align}", f"  store {text} {given}, ptr {wide}, align {align}"]
                arguments.append(f"ptr {wide}")
            elif isinstance(each, IntType) and each.bits < 64:
                width = "i8" if each.bits == 1 else "i64"
                lines.append(f"  {wide} = {'zext' if each.bits == 1 else 'sext'} {text} {given} to {width}")
                arguments.append(f"{width} {wide}")
            elif isinstance(each, FloatType) and each.bits == 32:
                lines.append(f"  {wide} = fpext float {given} to double")
                arguments.append(f"double {wide}")
            else:
                arguments.append(f"{text} {given}")
    types = ", ".join(argument.rsplit(" ", 1)[0] for argument in arguments)
    lowering.declare(f"declare i8 {callee}({types})")
    lines += [f"  %failed = call i8 {callee}({', '.join(arguments)})", "  %fine = icmp eq i8 %failed, 0"]
    lines += ["  br i1 %fine, label %returned, label %raised", "raised:"]
    if lowering.unwinds and not type.nounwind:
        site = lowering.sites.number("explicit", function.location, "a callable of the host raised an exception", function.name)
        lowering.declare("declare void @altru_panic_unwind(ptr, i32, i64, i64) cold noreturn")
        lines += [f"  call void @altru_panic_unwind(ptr @altru.sites, i32 {site}, i64 0, i64 0)", "  unreachable"]
    else:
        lines.append("  ret void" if kind == "nothing" else f"  ret {result} zeroinitializer")
    symbol = lowering.symbol(function.name)
    header = f"define internal {result} {symbol}({', '.join(parameters)}) uwtable {label_of(function.name)} {{"
    return "\n".join([f"{context} = external global i8", header, "entry:", *lines, "returned:", *ending, "}", ""])


__all__ = [
    "TABLE", "callback_text", "entries_text", "exports_text", "host_letter", "is_exported", "is_guarded", "is_own_entry",
    "passed_as",
]  # fmt: skip
