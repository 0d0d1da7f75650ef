"""The perf map: names for code that no file holds, so that ``perf report`` can name functions of the JIT.

``perf`` looks in ``/tmp/perf-PID.map`` for lines ``START SIZE NAME``, hexadecimal without ``0x``, when it meets an address in
anonymous memory (Linux, ``tools/perf/Documentation/jit-interface.txt``).

Example: ``7f3a80 2c altru:sum`` after ``compile(m, debug=True)["sum"]``.

Invariant: lines are only ever appended, whole; a start that is used again belongs to the last line that has it.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOL_TABLE, _FUNCTION = 2, 2


def functions_of(object_code: bytes) -> list[tuple[str, int, int, int]]:
    """The functions of an ELF object of 64 bits: name, section, offset in the section, size. Raises ``ValueError``."""
    if object_code[:6] != b"\x7fELF\x02\x01":
        raise ValueError("this is no little-endian ELF object of 64 bits")
    header = _HEADER.unpack_from(object_code)
    offset, size, count = header[6], header[11], header[12]
    sections = [_SECTION.unpack_from(object_code, offset + size * index) for index in range(count)]
    found = []
    for section in sections:
        if section[1] != _SYMBOL_TABLE:
            continue
        names = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], _SYMBOL.size):
            name, info, _, where, value, length = _SYMBOL.unpack_from(object_code, at)
            if info & 15 == _FUNCTION and where:
                end = object_code.index(b"\0", names + name)
                found.append((object_code[names + name : end].decode(errors="replace"), where, value, length))
    return found


def path() -> Path:
    """Where ``perf`` looks for this process."""
    return Path(f"/tmp/perf-{os.getpid()}.map")


def write(object_code: bytes, addresses: dict[str, int]) -> None:
    """Appends the functions of a loaded object.

    Parameters: ``addresses`` of some of its functions, by symbol; the others of the same section are found from these.
    Raises ``OSError``.
    """
    functions = functions_of(object_code)
    bases = {section: addresses[name] - offset for name, section, offset, _ in functions if name in addresses}
    lines = [
        f"{bases[section] + offset:x} {size:x} altru:{name}\n"
        for name, section, offset, size in functions
        if section in bases and size
    ]
    # Not through a link that somebody else may have put there: the directory is everybody's.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(path(), flags, 0o600)
    try:
        os.write(file, "".join(lines).encode())
    finally:
        os.close(file)
