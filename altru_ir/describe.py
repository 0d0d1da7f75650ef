"""The IR as data, for programs that write IR: operations, types, grammar, diagnostic codes.

Everything here follows from declarations; ``altru-opt --describe=ops --json`` prints it.

Example: ``[o["name"] for o in operations()]`` lists every mnemonic.
"""

from __future__ import annotations

from typing import Any

from altru_ir import declare, types
from altru_ir.declare import (
    Callee,
    Cases,
    Declaration,
    Element,
    Flag,
    Literal,
    Name,
    Operand,
    Option,
    Result,
    SymbolOf,
    Target,
    TypeOf,
    WordOf,
)
from altru_ir.diagnostics import EXPLANATIONS

GRAMMAR = r"""
text        = ["altru" INTEGER] ["module" SYMBOL [attributes]] declaration*
declaration = struct | enum | global | function
struct      = ("struct" | "union") SYMBOL [regions] "{" [field ("," field)*] "}" modifier*
field       = ["const"] NAME ":" type [transfer]
enum        = "enum" SYMBOL [regions] "{" [variant ("," variant)*] "}" modifier*
variant     = NAME ["(" type ")"]
modifier    = "drop" SYMBOL | "repr" "(" "c" ")" | "unsafe" "(" CROSSING ("," CROSSING)* ")" | attributes
global      = ["private"] "global" ["mut" | "thread_local"] SYMBOL ":" type ["=" literal] [attributes]
function    = ["private"] ("func" SYMBOL [regions] "(" [parameters] ")"
              | "extern" "\"C\"" "func" SYMBOL [regions] "(" [parameters ["," "..."]] ")")
              ["->" type [transfer]] ["unsafe"] ["nounwind"] [attributes] ["{" block+ "}"]
parameters  = VALUE ":" type [transfer] ("," VALUE ":" type [transfer])*
regions     = "<" PARAMETER [":" REGION ("+" REGION)*] ("," PARAMETER [":" REGION ("+" REGION)*])* ">"
transfer    = "borrowed" | "transfer_full" ["(" (SYMBOL | "heap") ")"]
block       = BLOCK ["(" VALUE ":" type ("," VALUE ":" type)* ")"] ["unwind" BLOCK] ":" operation*
operation   = [VALUE ("," VALUE)* "="] MNEMONIC format [attributes] ["unsafe"] [":" type] [location]
format      = as the operation's declaration says, of: VALUE, literal, SYMBOL, NAME, DIGITS, type, edge, callee, words, ",",
              and of cases: [SIGNED | "true" | "false" | NAME] edge ("," [SIGNED | "true" | "false" | NAME] edge)*
edge        = BLOCK ["(" [VALUE ("," VALUE)*] ")"]
callee      = (SYMBOL | VALUE) "(" [VALUE ("," VALUE)*] ")"
attributes  = "{" NAME ["=" (literal | NAME)] ("," NAME ["=" (literal | NAME)])* "}"
literal     = SIGNED | FLOAT | "nan" | "inf" | "-inf" | "true" | "false" | STRING | BYTES | SYMBOL
            | "[" [literal ("," literal)*] "]"
location    = "loc" "(" STRING ":" INTEGER [":" INTEGER] ")"
type        = SCALAR | "()" | "(" type "," [type ("," type)*] ")" | SYMBOL ["<" REGION ("," REGION)* ">"]
            | "[" ((INTEGER "x")+ | ("?" "x")+) type "]" | "ptr" "<" ["mut"] type ">" | "ref" "<" [REGION ","] ["mut"] type ">"
            | "own" "<" (type ["," "c" "(" SYMBOL ")"] | REGION "," type ["," "pool"]) ">" | "guard" "<" [REGION ","] type ">"
            | ("gc" | "weak" | "uninit" | "phantom" | "cell" | "atomic" | "mutex" | "pool" | "pool.handle" | "thread")
              "<" type ">"
            | ("thread_scope" | "pin") "<" REGION ">" | "dyn" "<" REGION ("," (CROSSING | "gc"))* ">"
            | callable | "(" callable ")"
callable    = ["extern" "\"C\""] "fn" ["<" "for" PARAMETER ("," PARAMETER)* ">"] "(" [type [transfer] ("," type [transfer])*
              ["," "..."]] ")" ["->" type [transfer]] ["unsafe"] ["nounwind"]
SCALAR      = "i1" | "i8" | "i16" | "i32" | "i64" | "i128" | "usize" | "f32" | "f64" | "arena"
CROSSING    = "send" | "share"
VALUE       = "%" WORD            SYMBOL = "@" WORD            BLOCK = "^" WORD            REGION = "'" WORD
PARAMETER   = a REGION other than "'static" and "'_"
WORD        = letters, digits, "_", "." and "$", or any text in double quotes
NAME        = a word that begins with a letter or "_", or any text in double quotes
DIGITS      = digits            INTEGER = DIGITS, or "0x" and hexadecimal digits            SIGNED = "-" or not, and an INTEGER
FLOAT       = "-" or not, digits, ".", digits, and an exponent or not
STRING      = text in double quotes with escapes      BYTES = "b" and a STRING      MNEMONIC = the name of an operation
comment     = "//" to the end of the line; kept
""".strip("\n")
"""The text format in EBNF: ``[x]`` is optional, ``x*`` any number, ``x+`` at least one."""


def _element(element: Element) -> dict[str, Any]:
    kind = {
        WordOf: "word", Name: "name", Flag: "flag", Literal: "literal", SymbolOf: "symbol", TypeOf: "type", Callee: "callee",
        Target: "successor", Cases: "cases",
    }[type(element)]  # fmt: skip
    found: dict[str, Any] = {"name": element.name, "kind": kind}
    if isinstance(element, WordOf):
        found["choices"] = list(element.choices)
    if isinstance(element, Flag):
        found["word"] = element.word
    return found


def _result(result: Result) -> dict[str, Any]:
    rule: dict[str, Any]
    if result.type is not None:
        rule = {"type": result.type.text}
    elif result.same_as is not None:
        rule = {"same_as": result.same_as}
    elif result.written is not None:
        rule = {"written": result.written.name, "place": result.place}
    elif result.spread:
        rule = {"inferred": True, "spread": True}
    else:
        rule = {"inferred": True}
    return {"name": result.name, "optional": result.optional, "origin": result.origin, **rule}


def operation(decl: Declaration) -> dict[str, Any]:
    """One operation as plain data."""
    says, _, examples = decl.doc.strip().partition("Example:")
    return {
        "name": decl.name,
        "format": decl.format,
        "summary": " ".join(says.split()).replace("``", "`"),
        "examples": [e.strip().strip("`") for e in examples.split("Example:")] if examples else [],
        "operands": [
            {
                "name": e.name,
                "type": {"same_as": e.same_as} if e.same_as else e.constraint.name,
                "access": e.access,
                "optional": e.optional,
                "variadic": e.variadic,
                "flag": e.flag,
            }
            for e in decl.operands
        ],
        "elements": [
            _element(e) for e in decl.elements.values() if not isinstance(e, (Operand, Option, Result))
        ],
        "attributes": [
            {"name": e.name, "type": e.type.__name__, "doc": e.doc} for e in decl.options.values()
        ],
        "results": [_result(r) for r in decl.results],
        "traits": sorted(decl.traits),
    }  # fmt: skip


def operations() -> list[dict[str, Any]]:
    """Every declared operation."""
    return [operation(decl) for decl in declare.table().values()]


def type_constructors() -> list[dict[str, Any]]:
    """The types, by class, with what their documentation says."""
    found: list[dict[str, Any]] = []
    work: list[type] = [types.Type]
    while work:
        each = work.pop(0)
        work.extend(each.__subclasses__())
        if each is types.Type or each.__name__.startswith("_") or each in (types.ErrorType, types.PlaceType):
            continue
        summary = " ".join((each.__doc__ or "").split()).replace("``", "`")
        found.append({"name": each.__name__, "summary": summary, "arguments": list(getattr(each, "fields", ()))})
    return found


def codes() -> list[dict[str, str]]:
    """The diagnostic codes."""
    return [{"code": code, "summary": text} for code, text in EXPLANATIONS.items()]
