"""The C compiler and its archiver, for this machine and for others.

For this machine: ``$CC``, else ``cc``, ``gcc``, ``clang``, else the one in the Python package ``ziglang``. For another
target: ``$CC_<target with underscores>``, else ``<target>-gcc``, else ``ziglang``.

Example: ``compiler()`` is ``["cc"]`` and ``compiler("aarch64-linux-gnu")`` is ``["aarch64-linux-gnu-gcc"]``.

Invariant: what somebody named in the environment is taken or refused, never silently replaced.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from altru_ir.runtime.errors import RuntimeBuildError

_TRIPLE = re.compile(r"[A-Za-z0-9_.]+(-[A-Za-z0-9_.]+){1,3}")
_NO_VENDOR = ("unknown", "pc", "none")


def c_library() -> str:
    """The C library of this machine with its version: ``glibc 2.36``; ``musl`` where it has none to tell."""
    try:
        told = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        told = None
    return told or " ".join(platform.libc_ver()).strip() or "musl"


def host_triple() -> str:
    """The triple of this machine, without a vendor: ``x86_64-linux-gnu``."""
    library = "gnu" if c_library().startswith("glibc") else "musl"
    return f"{platform.machine()}-{sys.platform}-{library}"


def triple_of(target: str | None) -> str:
    """``target`` in the form used here, without an empty vendor; ``None`` is this machine.

    Example: ``triple_of("x86_64-unknown-linux-gnu")`` is ``x86_64-linux-gnu``.
    Raises ``RuntimeBuildError`` (``ALT-S003``) when it is not a triple at all.
    """
    if target is None:
        return host_triple()
    if not _TRIPLE.fullmatch(target):
        raise RuntimeBuildError(
            f"`{target}` is not a target triple. Write architecture, system and ABI, as in `{host_triple()}`", "ALT-S003"
        )
    parts = target.split("-")
    if len(parts) > 2 and parts[1] in _NO_VENDOR:
        del parts[1]
    return "-".join(parts)


def is_host(target: str | None) -> bool:
    """Whether ``target`` is this machine. Raises ``RuntimeBuildError`` as ``triple_of``."""
    return triple_of(target) == host_triple()


def compiler(target: str | None = None) -> list[str]:
    """The command of a C compiler for ``target`` (``None``: this machine).

    Raises ``RuntimeBuildError`` when there is none, or when the environment names one that cannot be run.
    """
    triple = triple_of(target)
    if triple == host_triple():
        return _host_compiler()
    variable = "CC_" + re.sub(r"[-.]", "_", triple)
    if os.environ.get(variable):
        return _named(variable)
    if shutil.which(f"{triple}-gcc"):
        return [f"{triple}-gcc"]
    if _has_zig():
        return [sys.executable, "-m", "ziglang", "cc", "-target", triple]
    package = "gcc-" + triple.replace("_", "-")
    raise RuntimeBuildError(
        f"no C compiler for {triple}: `{triple}-gcc` is not on the PATH and the Python package `ziglang` is not "
        f"installed. Install one (on Debian: apt install {package}; or: pip install ziglang) or name one in ${variable}"
    )


def _host_compiler() -> list[str]:
    if os.environ.get("CC"):
        return _named("CC")
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if _has_zig():
        return [sys.executable, "-m", "ziglang", "cc"]
    raise RuntimeBuildError(
        "no C compiler: none of cc, gcc and clang is on the PATH, the Python package `ziglang` is not installed, and the "
        "runtime has to be compiled once. Install one (on Debian: apt install gcc; or: pip install ziglang) or name one "
        "in $CC"
    )


def _named(variable: str) -> list[str]:
    """The command in an environment variable. Raises ``RuntimeBuildError`` when it is not one."""
    text = os.environ[variable]
    try:
        command = shlex.split(text)
    except ValueError as error:
        raise RuntimeBuildError(f"${variable} is `{text}`, which cannot be read: {error}. Quote it as a shell would") from None
    found = shutil.which(command[0]) if command else None
    if found is not None:
        # A path is made absolute, for tools run in other directories; a plain name stays one.
        return [os.path.abspath(found), *command[1:]] if os.sep in command[0] else command
    raise RuntimeBuildError(
        f"${variable} is `{text}`, and there is no such program on the PATH. Unset ${variable} or name a C compiler in it"
    )


def archiver(target: str | None = None) -> list[str]:
    """The command that makes static libraries for ``target``. Raises ``RuntimeBuildError`` when there is none."""
    triple = triple_of(target)
    if "ziglang" in compiler(target):
        return [sys.executable, "-m", "ziglang", "ar"]
    if triple == host_triple():
        if os.environ.get("AR"):
            return _named("AR")
        names = ("ar", "gcc-ar", "llvm-ar")
    else:
        names = (f"{triple}-ar", f"{triple}-gcc-ar", "llvm-ar")
    for name in names:
        if shutil.which(name):
            return [name]
    raise RuntimeBuildError(
        f"no archiver for {triple}: none of {', '.join(names)} is on the PATH. Install the binutils for that target "
        "(on Debian for this machine: apt install binutils)"
    )


_LIBRARY_FOLDERS = ("/lib/{0}", "/usr/lib/{0}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")


def unwinder(target: str | None = None, *, shared: bool = False) -> list[str]:
    """The flags that link the unwinder, which panics need, where the compiler does not do so by itself: with ``ziglang``.

    ``shared`` is for a library of this process. It takes GCC's, with which LLVM registers what the JIT makes; a second unwinder
    would not know that code. Raises ``RuntimeBuildError`` as ``compiler`` does.
    """
    if "ziglang" not in compiler(target) or triple_of(target).startswith("wasm"):
        return []
    if shared and is_host(target):
        for folder in _LIBRARY_FOLDERS:
            path = Path(folder.format(f"{platform.machine()}-linux-gnu")) / "libgcc_s.so.1"
            if path.exists():
                return [str(path)]
    return ["-lunwind"]


def version_of(command: list[str]) -> str:
    """What tells one compiler from another: where it lies and what it says of itself.

    Raises ``RuntimeBuildError`` when it does not run.
    """
    return _version_of(shutil.which(command[0]) or command[0], *command[1:])


@cache
def _version_of(*command: str) -> str:
    return f"{os.path.realpath(command[0])}\n{run([*command, '--version'])}"


def run(command: list[str], directory: Path | None = None) -> str:
    """Runs a tool in ``directory`` (``None``: where we are) and returns its standard output.

    Raises ``RuntimeBuildError`` with what it said when it fails.
    """
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeBuildError(
            f"`{shlex.join(command)}` does not run: {error}. Repair the tool, or name another compiler in $CC"
        ) from None
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        how = f"failed with status {done.returncode}" if done.returncode > 0 else f"was killed by signal {-done.returncode}"
        raise RuntimeBuildError(
            f"`{shlex.join(command)}` {how}, and said {f'{chr(10)}{said}{chr(10)}' if said else 'nothing. '}"
            "Repair what it complains about, or name another compiler in $CC"
        )
    return done.stdout


def make(command: list[str], path: Path) -> None:
    """Runs a tool that writes ``path``, in its directory. Raises ``RuntimeBuildError``, also when it says that all is well and
    has written nothing."""
    run(command, path.parent)
    if not path.exists():
        raise RuntimeBuildError(f"`{shlex.join(command)}` wrote no `{path.name}`. Name another compiler in $CC")


def _has_zig() -> bool:
    return importlib.util.find_spec("ziglang") is not None
