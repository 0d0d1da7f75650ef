"""A small C library for interpreted programs: the functions that programs of this project call.

Each entry has C's meaning on the machine's memory, so that what C leaves undefined (a string without end, overlapping
``memcpy``) is a fault here. ``printf`` knows the conversions ``d i u x X o c s p f F e E g G %`` with flags, width, precision
and the lengths ``hh h l ll z j t``.

Example: ``call @strlen(%s) unsafe`` reads bytes of ``%s`` up to the first zero.

Invariant: a function that is not here is a diagnostic (``ALT-S006``) at the call, never a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.memory import FOREIGN, HANDLE, Pointer
from altru_ir.module import Function
from altru_ir.scalars import round32, signed
from altru_ir.types import UNIT, FloatType, IntType, Type
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine, Thread

NULL = Pointer(0, None)
EOF = -1


class Call:
    """One call of a C function: its arguments, and where it happens."""

    def __init__(self, machine: Machine, thread: Thread, function: Function, arguments: list[Any], op: Operation) -> None:
        self.machine = machine
        self.thread = thread
        self.function = function
        self.arguments = arguments
        self.op = op
        self.memory = machine.memory

    def number(self, index: int, bits: int = 64) -> int:
        """A signed argument."""
        return signed(self.arguments[index] & ((1 << bits) - 1), bits)

    def bytes_at(self, pointer: Pointer, size: int) -> bytes:
        """``size`` bytes, all initialized."""
        from altru_ir.backend.interpreter.codec import plain
        from altru_ir.types import I8

        return bytes(plain(self.memory.read(pointer, size, 1, self.op), I8, self.op))

    def text(self, pointer: Pointer, limit: float = math.inf) -> bytes:
        """A string up to its zero byte, or of ``limit`` bytes."""
        found = bytearray()
        while len(found) < limit:
            byte = self.bytes_at(pointer.moved(len(found)), 1)[0]
            if byte == 0:
                break
            found.append(byte)
        return bytes(found)


Extern = Callable[[Call], Any]
EXTERNS: dict[str, Extern] = {}


def extern(*names: str) -> Callable[[Extern], Extern]:
    """Registers C functions."""

    def register(function: Extern) -> Extern:
        for name in names:
            EXTERNS[name] = function
        return function

    return register


def call_extern(machine: Machine, thread: Thread, function: Function, arguments: list[Any], op: Operation) -> Any:
    """Runs a function that the module only declares."""
    found = EXTERNS.get(function.name)
    if found is None:
        raise fault("ALT-S006", f"the interpreter has no @{function.name}; it knows {', '.join(sorted(EXTERNS))}", op)
    value = found(Call(machine, thread, function, arguments, op))
    return _of_type(value, function.signature.result, machine)


def _of_type(value: Any, type: Type, machine: Machine) -> Any:
    if type is UNIT:
        return None
    if isinstance(type, FloatType):
        return round32(value) if type.bits == 32 else value
    if isinstance(value, int):
        bits = type.bits if isinstance(type, IntType) else machine.module.pointer_bits
        return value & ((1 << bits) - 1)
    return value


# -- memory -----------------------------------------------------------------------------------------------------------------


@extern("malloc")
def _malloc(call: Call) -> Any:
    return _allocate(call, call.arguments[0], None)


@extern("calloc")
def _calloc(call: Call) -> Any:
    return _allocate(call, call.arguments[0] * call.arguments[1], 0)


def _allocate(call: Call, size: int, fill: int | None) -> Any:
    if not call.memory.fits(size):
        return NULL
    made = call.memory.allocate(size, 16, FOREIGN, call.op)
    if fill is not None:
        made.data[:] = [fill] * size
    return Pointer(made.base, made)


@extern("free")
def _free(call: Call) -> Any:
    from altru_ir.backend.interpreter.meanings.raw import release

    release(call.machine, call.arguments[0], FOREIGN, "@free", call.op)


@extern("realloc")
def _realloc(call: Call) -> Any:
    from altru_ir.backend.interpreter.meanings.raw import grow

    grown = grow(call.machine, call.arguments[0], call.arguments[1], FOREIGN, "@realloc", call.op)
    return NULL if grown is None else grown


@extern("memcpy", "memmove")
def _memcpy(call: Call) -> Any:
    to, source, size = call.arguments[:3]
    overlap = to.allocation is source.allocation and abs(to.address - source.address) < size
    if call.function.name == "memcpy" and overlap and to.allocation is not None:
        raise fault("ALT-C006", "`memcpy` of overlapping memory", call.op, created=to.allocation)
    data = call.memory.read(source, size, 1, call.op)
    call.memory.write(to, data, 1, call.op)
    return to


@extern("memset")
def _memset(call: Call) -> Any:
    call.memory.write(call.arguments[0], bytes([call.arguments[1] & 0xFF]) * call.arguments[2], 1, call.op)
    return call.arguments[0]


@extern("memcmp")
def _memcmp(call: Call) -> Any:
    a, b = (call.bytes_at(p, call.arguments[2]) for p in call.arguments[:2])
    return (a > b) - (a < b)


# -- strings ----------------------------------------------------------------------------------------------------------------


@extern("strlen")
def _strlen(call: Call) -> Any:
    return len(call.text(call.arguments[0]))


@extern("strcmp")
def _strcmp(call: Call) -> Any:
    a, b = call.text(call.arguments[0]), call.text(call.arguments[1])
    return (a > b) - (a < b)


@extern("atoi", "atol", "atoll")
def _atoi(call: Call) -> Any:
    found = re.match(rb"\s*([+-]?\d+)", call.text(call.arguments[0]))
    return int(found[1]) if found else 0


@extern("atof")
def _atof(call: Call) -> Any:
    found = re.match(rb"\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", call.text(call.arguments[0]))
    return float(found[1]) if found else 0.0


# -- output and input -------------------------------------------------------------------------------------------------------

_CONVERSION = re.compile(rb"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(hh|h|ll|l|z|j|t)?([diuxXocspfFeEgG%])")
_LENGTHS = {b"hh": 8, b"h": 16, b"l": 64, b"ll": 64, b"z": 64, b"j": 64, b"t": 64}


def formatted(call: Call, format: bytes, given: list[Any]) -> bytes:
    """What ``printf`` writes. Raises ``MemoryFault`` for a conversion without argument or of an unknown kind."""
    out, at, rest = bytearray(), 0, iter(given)

    def following(what: bytes) -> Any:
        for value in rest:
            return value
        raise fault("ALT-S006", f"`printf` has no argument for `{what.decode(errors='replace')}`", call.op)

    while at < len(format):
        if format[at] != ord("%"):
            out.append(format[at])
            at += 1
            continue
        found = _CONVERSION.match(format, at)
        if found is None:
            shown = format[at : at + 4].decode(errors="replace")
            raise fault("ALT-S006", f"the interpreter's `printf` does not know the conversion `{shown}`", call.op)
        at = found.end()
        flags, width, precision, length, kind = found.groups()
        has_precision = b"." in found[0]
        if kind == b"%":
            out += b"%"
            continue
        if width == b"*":
            number = signed(following(found[0]) & 0xFFFFFFFF, 32)
            flags, width = (flags + b"-", b"%d" % -number) if number < 0 else (flags, b"%d" % number)
        if precision == b"*":
            precision = b"%d" % signed(following(found[0]) & 0xFFFFFFFF, 32)
        value = following(found[0])
        spec = b"%" + flags + (width or b"")
        limit = math.inf
        if has_precision and not (precision or b"").startswith(b"-"):
            spec += b"." + (precision or b"0")
            limit = int(precision or b"0")
        out += _convert(call, spec, kind, _LENGTHS.get(length or b"", 32), value, limit)
    return bytes(out)


def _convert(call: Call, spec: bytes, kind: bytes, bits: int, value: Any, limit: float) -> bytes:
    if kind in b"fFeEgG":
        if math.isfinite(value):
            return bytes((spec + kind) % value)
        text = b"nan" if math.isnan(value) else b"inf"
        sign = b"-" if math.copysign(1, value) < 0 else b"+" if b"+" in spec else b""
        plain_spec = re.sub(rb"\.\d+", b"", spec.replace(b"0", b"", 1) if spec[1:2] == b"0" else spec).replace(b"+", b"")
        return bytes((plain_spec + b"s") % (sign + (text.upper() if kind.isupper() else text)))
    if kind == b"s":
        return (spec + b"s") % call.text(value, limit)  # of a string that long no zero byte is looked for
    if kind == b"c":
        return bytes((spec + b"c") % (value & 0xFF))
    if kind == b"p":
        return b"0x%x" % value.address
    number = value & ((1 << bits) - 1)
    if kind in b"di":
        return bytes((spec + b"d") % signed(number, bits))
    return bytes((spec + (b"d" if kind == b"u" else kind)) % number)


@extern("printf")
def _printf(call: Call) -> Any:
    text = formatted(call, call.text(call.arguments[0]), call.arguments[1:])
    call.machine.write(text)
    return len(text)


@extern("puts")
def _puts(call: Call) -> Any:
    call.machine.write(call.text(call.arguments[0]) + b"\n")
    return 0


@extern("putchar")
def _putchar(call: Call) -> Any:
    call.machine.write(bytes([call.arguments[0] & 0xFF]))
    return call.arguments[0] & 0xFF


@extern("getchar")
def _getchar(call: Call) -> Any:
    data = call.machine.read(1)
    return data[0] if data else EOF


@extern("fflush")
def _fflush(call: Call) -> Any:
    return 0


class File:
    """An open file: its bytes, and how far they were read. Only reading is allowed."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read


@extern("fdopen")
def _fdopen(call: Call) -> Any:
    if call.arguments[0] != 0 or b"r" not in call.text(call.arguments[1]):
        return NULL
    return _file(call, File(call.machine.read))


@extern("fopen")
def _fopen(call: Call) -> Any:
    import os

    if b"r" not in call.text(call.arguments[1]) or b"+" in call.text(call.arguments[1]):
        raise fault("ALT-S006", "the interpreter opens files for reading only", call.op)
    try:
        stream = open(os.fsdecode(call.text(call.arguments[0])), "rb")  # noqa: SIM115
    except OSError:
        return NULL
    return _file(call, File(stream.read))


def _file(call: Call, file: File) -> Pointer:
    made = call.memory.allocate(0, 16, HANDLE, call.op, "file")
    made.resource = file
    return Pointer(made.base, made)


def _open_file(call: Call, pointer: Pointer) -> File:
    allocation = pointer.allocation
    if allocation is None or not isinstance(allocation.resource, File):
        raise fault("ALT-C002", f"@{call.function.name} of a pointer that is no open file", call.op)
    if allocation.how:
        raise fault("ALT-F002", f"use of a file after it was {allocation.how}", call.op, created=allocation)
    return allocation.resource


@extern("fread")
def _fread(call: Call) -> Any:
    into, size, count, pointer = call.arguments
    file = _open_file(call, pointer)
    data = file.read(size * count) if size else b""
    call.memory.locate(into, size * count, 1, True, call.op)
    if data:
        call.memory.write(into, data, 1, call.op)
    return len(data) // size if size else 0


@extern("fclose")
def _fclose(call: Call) -> Any:
    _open_file(call, call.arguments[0])
    call.memory.end(call.arguments[0].allocation, "closed", call.op)
    return 0


@extern("perror")
def _perror(call: Call) -> Any:
    import sys

    sys.stderr.write(call.text(call.arguments[0]).decode(errors="replace") + ": error\n")


# -- the process ------------------------------------------------------------------------------------------------------------


@extern("exit", "_exit")
def _exit(call: Call) -> Any:
    from altru_ir.backend.interpreter.machine import Exited

    raise Exited(call.arguments[0] & 0xFF)


@extern("abort")
def _abort(call: Call) -> Any:
    from altru_ir.backend.interpreter.machine import Aborted

    raise Aborted(f"abort at {call.op.location}")


# -- mathematics ------------------------------------------------------------------------------------------------------------


def _mathematics(name: str, compute: Callable[..., float]) -> None:
    def run(call: Call) -> Any:
        try:
            return compute(*call.arguments)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    EXTERNS[name] = EXTERNS[name + "f"] = run


_NAMES = "sin cos tan atan atan2 exp log log2 log10 pow sqrt fabs floor ceil fmod"

for _name in _NAMES.split():
    _mathematics(_name, getattr(math, _name))
