"""Files that are written whole or not at all, and errors that name the file that somebody asked for.

    write_whole(Path("a.s"), text)          under a temporary name beside it, then renamed

What cannot be replaced, as a device, a pipe or a terminal, is written as it stands.

Invariant: an ``OSError`` that leaves here names the file that was to be written, and no temporary file is left.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """An ``OSError`` within is about ``path``: a full disk names no file, and nobody knows the temporary ones."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(error.errno, error.strerror, str(path)) from None


def is_taken(path: Path) -> bool:
    """Whether a directory, a device or a pipe has the name: it must not be replaced."""
    return path.exists() and not path.is_file()


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file. Raises ``OSError``."""
    with naming(path):
        if is_taken(path):
            path.write_bytes(data)
            return
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            scratch.write_bytes(data)
            os.replace(scratch, path)
        finally:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)


__all__ = ["is_taken", "naming", "write_whole"]
