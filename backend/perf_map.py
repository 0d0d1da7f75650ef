"""The perf map: names for code that no file holds, so that ``perf report`` can name functions of the JIT.

``perf`` looks in ``/tmp/perf-PID.map`` for lines ``START SIZE NAME``, hexadecimal without ``0x``, when it meets an address in
anonymous memory (Linux, ``tools/perf/Documentation/jit-interface.txt``).

Example: ``7f3a80 2c altru:sum`` after ``compile(m, debug=True)["sum"]``.

Invariant: lines are only ever appended, whole; a start that is used again belongs to the last line that has it.
"""

from __future__ import annotations

import os
from pathlib import Path

from altru_ir.backend import elf


def functions_of(object_code: bytes) -> list[tuple[str, int, int, int]]:
    """The functions of an ELF object of 64 bits: name, section, offset in the section, size. Raises ``ValueError``."""
    symbols = elf.Elf(object_code).symbols
    return [(each.name, each.section, each.value, each.size) for each in symbols if each.type == elf.FUNCTION and each.section]


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
