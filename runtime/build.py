"""Finds the runtime's libraries, or builds them with the C compiler that is there.

They are looked for in this order: prebuilt beside the package (``prebuilt/``, accepted when its recorded hash is that of
the sources), in the user's cache, and otherwise compiled on the spot into the cache. A cached library is used only when
its recorded content hash is right; it is written under a lock, to a temporary name, and renamed.

The cache directory is ``$ALTRU_CACHE_DIR``, else ``$XDG_CACHE_HOME/altru-ir``, else ``~/.cache/altru-ir``. It must be a
directory of ours with mode 0700 and no link; anything else is not trusted, and a private temporary directory that is
removed at exit serves instead, with a warning that says why.

Example: ``shared_library()`` is the path of ``libaltru.so`` for this machine.

Invariant: the key of a library is the hash of everything it depends on: sources, flags, variant, target, compiler and C
library; so two versions never meet under one name. What is built does not depend on any directory: equal keys, equal bytes.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLAGS = (
    "-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-DALTRU_BUILDING",
    "-D_GNU_SOURCE",
)  # fmt: skip
"""Flags of every build; the file prefix is mapped so that libraries do not depend on where the package lies."""


class RuntimeBuildError(Exception):
    """The runtime cannot be built here. ``code`` is the diagnostic code; the message says what, why and how to fix it."""

    code = "ALT-S001"


def include_dir() -> Path:
    """The directory of ``altru.h``."""
    return HERE / "include"


def sources() -> list[Path]:
    """The C files of the runtime."""
    return sorted((HERE / "src").glob("*.c"))


def compiler(target: str | None = None) -> list[str]:
    """The command of a C compiler, for this machine or for ``target``.

    Order: ``$CC`` (this machine only), ``cc``, ``gcc``, ``clang``, ``python -m ziglang cc``; for another target
    ``TARGET-gcc``, then ziglang. Raises ``RuntimeBuildError`` when there is none.
    """
    if target is not None and not _is_host(target):
        if shutil.which(f"{target}-gcc"):
            return [f"{target}-gcc"]
        if importlib.util.find_spec("ziglang") is not None:
            return [sys.executable, "-m", "ziglang", "cc", "-target", target.replace("-gnu", "-musl")]
        raise RuntimeBuildError(
            f"no C compiler for {target}: neither `{target}-gcc` nor the Python package `ziglang` is here. "
            f"Install one of them (on Debian: apt install gcc-{target.replace('_', '-')}; or: pip install ziglang)"
        )
    chosen = os.environ.get("CC")
    if chosen:
        command = shlex.split(chosen)
        if command and shutil.which(command[0]):
            return command
        raise RuntimeBuildError(f"$CC is `{chosen}`, which cannot be run. Unset it or name a C compiler")
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise RuntimeBuildError(
        "no C compiler: cc, gcc and clang are not on the PATH, and the runtime has to be compiled once. "
        "Install one (on Debian: apt install gcc), name one in $CC, or: pip install ziglang"
    )


def _is_host(target: str) -> bool:
    return target.partition("-")[0] == platform.machine()


@cache
def _version_of(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeBuildError(f"the C compiler `{shlex.join(command)}` does not run: {error}") from None
    return done.stdout.partition("\n")[0]


def source_hash() -> str:
    """A hash over the runtime's sources and headers."""
    digest = hashlib.sha256()
    for path in [*sources(), *sorted((HERE / "src").glob("*.h")), *sorted(include_dir().glob("*.h"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


# -- the cache -------------------------------------------------------------------------------------------------------


def _wanted_cache() -> Path | None:
    chosen = os.environ.get("ALTRU_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # its specification: a relative path is ignored
        return Path(base) / "altru-ir"
    try:
        return Path.home() / ".cache" / "altru-ir"
    except RuntimeError:
        return None


def _problem_with(path: Path) -> str | None:
    """Why ``path`` cannot be the cache, made if it is not there; None when it can."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
    except OSError as error:
        return f"it cannot be made: {error.strerror}"
    if stat.S_ISLNK(found.st_mode):
        return "it is a symbolic link"
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a directory"
    if found.st_uid != os.geteuid():
        return f"it belongs to user {found.st_uid}, not to user {os.geteuid()}"
    if stat.S_IMODE(found.st_mode) & 0o077:
        return f"other users have access to it (mode {stat.S_IMODE(found.st_mode):04o}; chmod 700 helps)"
    if not os.access(path, os.W_OK | os.X_OK):
        return "it is not writable"
    return None


_private: Path | None = None


def cache_dir() -> Path:
    """The directory where built libraries are kept; a private temporary one when the wanted one cannot be trusted."""
    global _private
    wanted = _wanted_cache()
    problem = "there is no home directory" if wanted is None else _problem_with(wanted)
    if wanted is not None and problem is None:
        return wanted
    if _private is None:
        _private = Path(tempfile.mkdtemp(prefix="altru-ir-"))
        atexit.register(shutil.rmtree, _private, ignore_errors=True)
        logging.getLogger(__name__).warning(
            "warning[ALT-S001]: the cache directory%s is not used: %s. The runtime is compiled for this process only; "
            "name a directory of your own in ALTRU_CACHE_DIR",
            "" if wanted is None else f" {wanted}",
            problem,
        )
    return _private


def is_temporary(path: Path) -> bool:
    """Whether ``path``, from ``static_library`` or ``shared_library``, is removed when this process ends."""
    return _private is not None and _private in path.parents


def clear_cache() -> list[Path]:
    """Removes every library from the cache; returns what was removed."""
    directory = cache_dir()
    removed = [path for path in sorted(directory.iterdir()) if path.is_file() and path.name.startswith("runtime-")]
    for path in removed:
        path.unlink(missing_ok=True)
    return removed


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    handle = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _intact(path: Path) -> bool:
    record = path.with_name(path.name + ".sha256")
    try:
        return record.read_bytes() == hashlib.sha256(path.read_bytes()).hexdigest().encode()
    except OSError:
        return False


def _publish(made: Path, path: Path) -> None:
    record = made.with_name(made.name + ".sha256")
    record.write_text(hashlib.sha256(made.read_bytes()).hexdigest())
    for found in (path, path.with_name(path.name + ".sha256")):
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
    os.replace(record, path.with_name(path.name + ".sha256"))
    os.replace(made, path)


# -- building --------------------------------------------------------------------------------------------------------


def _run(command: list[str], directory: Path) -> None:
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise RuntimeBuildError(f"`{command[0]}` does not run: {error}") from None
    if done.returncode:
        raise RuntimeBuildError(f"compiling the runtime failed: `{shlex.join(command)}` said\n{done.stderr.strip()}")


def _archiver(command: list[str], target: str | None) -> list[str]:
    if "ziglang" in command:
        return [sys.executable, "-m", "ziglang", "ar"]
    if target is not None and not _is_host(target):
        return [f"{target}-ar"]
    if shutil.which("ar"):
        return ["ar"]
    raise RuntimeBuildError("`ar` is not on the PATH. Install the binutils (on Debian: apt install binutils)")


def _library(kind: str, target: str | None) -> Path:
    suffix = "a" if kind == "static" else "so"
    prebuilt = HERE / "prebuilt" / (target or platform.machine()) / f"libaltru.{suffix}"
    record = prebuilt.with_name("sources.sha256")
    if prebuilt.exists() and record.exists() and record.read_text().strip() == source_hash() and _intact(prebuilt):
        return prebuilt
    command = compiler(target)
    identity = "\0".join(
        [
            source_hash(),
            *FLAGS,
            kind,
            target or platform.machine(),
            *command,
            _version_of(tuple(command)),
            *platform.libc_ver(),
        ]
    )
    key = hashlib.sha256(identity.encode()).hexdigest()[:24]
    directory = cache_dir()
    path = directory / f"runtime-{key}.{suffix}"
    if _intact(path):
        return path
    try:
        with _locked(directory):
            if not _intact(path):
                with tempfile.TemporaryDirectory(dir=directory, prefix="build-") as scratch:
                    _publish(_compile(Path(scratch), kind, command, target), path)
    except OSError as error:
        raise RuntimeBuildError(
            f"the cache directory {directory} cannot be written: {error}. Make room there, or name another one in "
            "ALTRU_CACHE_DIR"
        ) from error
    return path


def _compile(scratch: Path, kind: str, command: list[str], target: str | None) -> Path:
    # Debug information names the directory of the sources and the working directory, which is the scratch one.
    maps = [f"-ffile-prefix-map={path}=altru-runtime" for path in (HERE, scratch.resolve())]
    flags = [*FLAGS, f"-I{include_dir()}", *maps]
    if kind == "shared":
        made = scratch / "libaltru.so"
        _run([*command, *flags, "-shared", "-o", str(made), *map(str, sources()), "-lpthread"], scratch)
        return made
    objects = []
    for source in sources():
        objects.append(str(scratch / (source.stem + ".o")))
        _run([*command, *flags, "-c", "-o", objects[-1], str(source)], scratch)
    made = scratch / "libaltru.a"
    _run([*_archiver(command, target), "rcsD", str(made), *objects], scratch)
    return made


def static_library(target: str | None = None) -> Path:
    """The path of ``libaltru.a`` for this machine or ``target``. Raises ``RuntimeBuildError``."""
    return _library("static", target)


def shared_library() -> Path:
    """The path of the runtime as a shared library for this machine. Raises ``RuntimeBuildError``."""
    return _library("shared", None)
