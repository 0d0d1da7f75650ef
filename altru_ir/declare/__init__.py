'''What an operation is: the one declaration from which parser, printer, verifier, builder method and docs follow.

A declaration is a class: its docstring is the reference page, its fields say what the operation takes and gives, and its
format string says how it is written. A front-end's own operation is declared the same way as ours:

    @operation("toy.clamp", "$value, $low, $high", traits=(PURE,))
    class Clamp:
        """``value`` limited to ``low`` ... ``high``.

        Example: ``%r = toy.clamp %x, %zero, %limit``
        """
        value = Operand(INTEGER)
        low = Operand(same_as="value")
        high = Operand(same_as="value")
        result = Result(same_as="value")

Format strings: ``$name`` is the element of that name; other words and punctuation stand for themselves; ``[ ... ]`` is an
optional group, present when its first word or element is. After the format every operation may have ``{attributes}``,
``unsafe``, ``: type`` and ``loc(...)``; no operation has parser code of its own.

An operation declares its effects exactly as a function does: each operand has an ``access`` (what happens to what it
names), each result an ``origin``, the operation a set of traits.

A file needs only those above it:

    constraints     sets of types
    effects         accesses, origins, traits
    elements        operands, results, flags, successors, ...
    formats         the format string as steps
    problems        the rules of one operation
    fast_paths      the same as one function, and the printer, compiled when they are first used
    declaration     all of it, for one operation
    contradictions  whether a declaration is well made
    registry        all declarations by name
'''

from altru_ir.declare.constraints import (
    ANY,
    BOOL,
    CONDITION,
    ENUM_PLACE,
    FLOAT,
    INTEGER,
    MUTABLE_PLACE,
    NUMBER,
    OWNER,
    PLACE,
    POINTER,
    RAW,
    RAW_MUT,
    REFERENCE,
    SEQUENCE_PLACE,
    USIZE,
    Constraint,
    exactly,
)
from altru_ir.declare.declaration import Declaration
from altru_ir.declare.effects import (
    BORROW,
    CHECK,
    COMMUTATIVE,
    CONSTANT,
    CONSUME,
    DROPS,
    END,
    ESCAPE,
    EXCHANGE,
    FRAME,
    FRESH,
    INIT,
    MAY_FREE,
    MAY_PANIC,
    NEEDS_UNSAFE,
    PATH,
    PROJECTION,
    PURE,
    READ,
    REMOVABLE,
    SAFEPOINT,
    SOMETIMES_UNSAFE,
    SYNC,
    TERMINATOR,
    WRITE,
)
from altru_ir.declare.elements import (
    Callee,
    Cases,
    Element,
    Flag,
    InferenceError,
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
from altru_ir.declare.formats import Item
from altru_ir.declare.problems import alignment_problem
from altru_ir.declare.registry import (
    find,
    forget,
    operation,
    table,
)
from altru_ir.values import Symbol

__all__ = [
    "ANY", "BOOL", "BORROW", "CHECK", "COMMUTATIVE", "CONDITION", "CONSTANT", "CONSUME", "Callee", "Cases", "Constraint",
    "DROPS", "Declaration", "END", "ENUM_PLACE", "ESCAPE", "EXCHANGE", "Element", "FLOAT", "FRAME", "FRESH", "Flag", "INIT",
    "INTEGER", "InferenceError", "Item", "Literal", "MAY_FREE", "MAY_PANIC", "MUTABLE_PLACE", "NEEDS_UNSAFE", "NUMBER",
    "Name", "OWNER", "Operand", "Option", "PATH", "PLACE", "POINTER", "PROJECTION", "PURE", "RAW", "RAW_MUT", "READ",
    "REFERENCE", "REMOVABLE", "Result", "SAFEPOINT", "SEQUENCE_PLACE", "SOMETIMES_UNSAFE", "SYNC", "Symbol", "SymbolOf",
    "TERMINATOR", "Target", "TypeOf", "USIZE", "WRITE", "WordOf", "alignment_problem", "exactly", "find", "forget",
    "operation", "table",
]  # fmt: skip
