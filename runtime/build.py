"""Finds the runtime's libraries, or builds them with the C compiler that is there.

They are looked for in this order: prebuilt beside the package (``prebuilt/``, accepted when it was made from these
sources, for a C library that is not newer than ours, and is undamaged), in the user's cache, and otherwise compiled on the
spot into the cache.

Example: ``shared_library()`` is the path of ``libaltru.so`` for this machine, ``static_library("aarch64-linux-gnu")``
that of ``libaltru.a`` for another.

Invariant: the key of a library is the hash of everything it depends on: sources, flags, variant, target, compiler and C
library; so two versions never meet under one name.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from altru_ir.runtime import cache
from altru_ir.runtime.errors import RuntimeBuildError
from altru_ir.runtime.toolchain import archiver, c_library, compiler, is_host, make, triple_of, unwinder, version_of

__all__ = [
    "FLAGS", "STATIC", "SHARED", "VARIANTS", "RuntimeBuildError", "clear_cache", "compiler", "include_dir", "prebuild",
    "shared_library", "source_hash", "sources", "static_library",
]  # fmt: skip

HERE = Path(__file__).resolve().parent
STATIC = "libaltru.a"
SHARED = "libaltru.so"

FLAGS = (
    "-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-fPIC", "-fvisibility=hidden", "-fasynchronous-unwind-tables",
    "-DALTRU_BUILDING",
)  # fmt: skip
"""Flags of every build; beside them the paths in debug information are mapped, so that a library does not depend on where
the package, the cache or the user is."""

VARIANTS = {
    "release": (),
    "sanitize": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"),
    "sanitize-slab": (
        "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-DALTRU_KEEP_RANGE",
    ),
    "thread": ("-fsanitize=thread", "-fno-omit-frame-pointer"),
}  # fmt: skip
"""Flags of one way to build the runtime. What links it is itself compiled with the same sanitizers. ``sanitize`` leaves small
blocks to AddressSanitizer's malloc, which tells more about them; ``sanitize-slab`` examines our own code for them."""


def include_dir() -> Path:
    """The directory of ``altru.h``."""
    return HERE / "include"


def sources() -> list[Path]:
    """The C files of the runtime."""
    return sorted((HERE / "src").glob("*.c"))


def source_hash() -> str:
    """A hash over the runtime's sources and headers."""
    digest = hashlib.sha256()
    for path in [*sources(), *sorted((HERE / "src").glob("*.h")), *sorted(include_dir().glob("*.h"))]:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def static_library(target: str | None = None, *, variant: str = "release") -> Path:
    """The path of ``libaltru.a``.

    Parameters: ``target``, a triple (``None``: this machine); ``variant``, a name of ``VARIANTS``.
    Raises ``RuntimeBuildError``.
    """
    return _library(STATIC, target, variant)


def shared_library(*, variant: str = "release") -> Path:
    """The path of ``libaltru.so`` for this machine. Raises ``RuntimeBuildError``."""
    return _library(SHARED, None, variant)


def clear_cache() -> list[Path]:
    """Removes every library from the cache; returns what was removed. Raises ``RuntimeBuildError``."""
    return cache.clear()


def _library(name: str, target: str | None, variant: str) -> Path:
    prebuilt = HERE / "prebuilt" / triple_of(target)
    if variant == "release" and _is_usable(prebuilt, target) and cache.is_intact(prebuilt / name):
        return prebuilt / name
    return cache.obtain(_key(name, target, variant), name, lambda path: _compile(path, target, (*FLAGS, *VARIANTS[variant])))


def _key(name: str, target: str | None, variant: str) -> str:
    parts = [source_hash(), name, triple_of(target), variant, *FLAGS, *VARIANTS[variant]]
    parts += ["compiler", *compiler(target), version_of(compiler(target))]
    if is_host(target):  # another target's is part of its compiler
        parts += ["libc", c_library()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _compile(path: Path, target: str | None, flags: tuple[str, ...]) -> None:
    """Writes the library ``path``; the directory is its own. Raises ``RuntimeBuildError``."""
    # Debug information names the sources and the working directory; neither may depend on where this happens.
    scratch = path.resolve().parent
    maps = [f"-ffile-prefix-map={place}=altru-runtime" for place in (HERE, scratch)]
    command = [*compiler(target), *flags, *maps, f"-I{include_dir()}"]
    if path.name == SHARED:
        shared = ["-shared", f"-Wl,-soname,{SHARED}", "-o", path.name, *map(str, sources())]
        make([*command, *shared, "-lpthread", *unwinder(target, shared=True)], path)
        return
    objects = [path.with_name(source.stem + ".o") for source in sources()]
    for source, made in zip(sources(), objects):
        make([*command, "-c", "-o", made.name, str(source)], made)
    make([*archiver(target), "rcsD", path.name, *(made.name for made in objects)], path)


# -- prebuilt --------------------------------------------------------------------------------------------------------


def prebuild(directory: Path, target: str | None = None) -> Path:
    """Builds the libraries that a package carries, and returns the folder that was written.

    For ``target`` (``None``: this machine) it is ``directory/TRIPLE``; in a package ``directory`` is ``prebuilt`` beside
    this file. The shared library is built for this machine only. Raises ``RuntimeBuildError`` and ``OSError``.
    """
    folder = directory / triple_of(target)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (STATIC, SHARED) if is_host(target) else (STATIC,):
        _compile(folder / name, target, FLAGS)
        cache.write_record(folder / name)
    for leftover in folder.glob("*.o"):
        leftover.unlink()
    (folder / "origin.json").write_text(json.dumps(_origin(target), indent=2) + "\n", encoding="utf-8")
    return folder


def _origin(target: str | None) -> dict[str, str]:
    return {"sources": source_hash(), "flags": " ".join(FLAGS), "libc": c_library() if is_host(target) else ""}


def _is_usable(folder: Path, target: str | None) -> bool:
    """Whether prebuilt libraries were made from these sources, and for a C library that does for ours."""
    try:
        found = json.loads((folder / "origin.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    ours = _origin(target)
    if not isinstance(found, dict) or found.keys() != ours.keys():
        return False
    if found["sources"] != ours["sources"] or found["flags"] != ours["flags"]:
        return False
    return _runs_on(str(found["libc"]), ours["libc"])


def _runs_on(made_for: str, here: str) -> bool:
    """Whether a library made for one C library runs on another: the same one, not older.

    Example: what was made for ``glibc 2.36`` runs on ``glibc 2.41``, not on ``glibc 2.31``, not on ``musl``.
    """

    def version(text: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", text)]

    return made_for.partition(" ")[0] == here.partition(" ")[0] and version(made_for) <= version(here)
