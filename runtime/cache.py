"""The directory where built libraries are kept, and how they get there.

It is ``$ALTRU_CACHE_DIR``, else ``$XDG_CACHE_HOME/altru-ir``, else ``~/.cache/altru-ir``. It must be a directory of
ours with mode 0700, and no link: who could write there could run code as us. Anything else is left alone, and a private
temporary directory that is removed at exit serves instead.

Example: ``obtain("3f2a", "libaltru.so", make)`` is the path of a file ``runtime-3f2a/libaltru.so`` that ``make`` wrote,
now or in another process long ago.

Invariant: a file is used only when its content has the hash recorded beside it. It is written under a lock to a
temporary name and renamed, so that no process ever sees half of one, and a damaged one is made again.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from altru_ir.runtime.errors import RuntimeBuildError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system without locks answers; there the renames alone keep files whole."""

_temporary: Path | None = None


def wanted() -> Path | None:
    """The directory that the environment asks for; ``None`` when it names none."""
    chosen = os.environ.get("ALTRU_CACHE_DIR")
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # a relative one is to be ignored, says its specification
        return Path(base) / "altru-ir"
    try:
        return Path.home() / ".cache" / "altru-ir"
    except RuntimeError:
        return None


def refusal() -> str | None:
    """Why the wanted directory is not used; ``None`` when it is. Makes the directory when it is missing."""
    path = wanted()
    if path is None:
        return "there is no home directory"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
    except OSError as error:
        return f"{path} cannot be made: {error.strerror}"
    if not stat.S_ISDIR(found.st_mode):
        return f"{path} is no directory, or a link"
    if found.st_uid != os.geteuid():
        return f"{path} belongs to another user"
    if stat.S_IMODE(found.st_mode) & 0o077:
        return f"{path} has mode {stat.S_IMODE(found.st_mode):04o} instead of 0700"
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return f"{path} cannot be written"
    return None


def directory() -> Path:
    """The directory in use: the wanted one, else a temporary one. Raises ``RuntimeBuildError`` when neither can be."""
    path = wanted()
    reason = refusal()
    if path is not None and reason is None:
        return path
    return _temporary_directory(reason or "")


def is_temporary(path: Path) -> bool:
    """Whether a file will be gone when this process ends."""
    return _temporary is not None and path.is_relative_to(_temporary)


def _temporary_directory(reason: str) -> Path:
    global _temporary
    if _temporary is None or not _temporary.is_dir():
        try:
            _temporary = Path(tempfile.mkdtemp(prefix="altru-ir-"))
        except OSError as error:
            raise RuntimeBuildError(
                f"no place for the compiled runtime: {reason}, and no temporary directory can be made ({error.strerror}). "
                "Set ALTRU_CACHE_DIR to a directory of yours with mode 0700"
            ) from None
        atexit.register(_remove, _temporary, os.getpid())
    return _temporary


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a child that was forked
        shutil.rmtree(path, ignore_errors=True)


def obtain(key: str, name: str, make: Callable[[Path], None]) -> Path:
    """The path of the file ``name`` under ``key``, made when it is missing or damaged.

    Parameters: ``key``, the hash of everything the content depends on; ``make``, which writes the file to the path it is
    given, in an empty directory of its own. Raises ``RuntimeBuildError``, and what ``make`` raises.
    """
    top = directory()
    path = top / f"runtime-{key}" / name
    if is_intact(path):
        return path
    try:
        with _locked(top) as alone:
            if not is_intact(path):
                if alone:
                    _remove_leftovers(top)
                with tempfile.TemporaryDirectory(dir=top, prefix="build-") as scratch:
                    made = Path(scratch) / name
                    make(made)
                    write_record(made)
                    path.parent.mkdir(mode=0o700, exist_ok=True)
                    os.replace(_record_of(made), _record_of(path))
                    os.replace(made, path)
    except OSError as error:
        raise RuntimeBuildError(
            f"the compiled runtime cannot be kept in {top}: {error}. Make room there, remove what is in the way, or set "
            "ALTRU_CACHE_DIR to another directory of yours with mode 0700"
        ) from None
    return path


def clear() -> list[Path]:
    """Removes everything that was built; returns what was removed. Raises ``RuntimeBuildError``."""
    top = directory()
    try:
        with _locked(top):
            removed = sorted(top.glob("runtime-*"))
            for path in removed:
                shutil.rmtree(path)
    except OSError as error:
        raise RuntimeBuildError(f"the cache in {top} cannot be cleared: {error}. Remove {top} by hand") from None
    return removed


def is_intact(path: Path) -> bool:
    """Whether a file has the content that was recorded for it."""
    try:
        return _record_of(path).read_text(encoding="ascii").strip() == hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, UnicodeDecodeError):
        return False


def write_record(path: Path) -> None:
    """Records the content of a file beside it. Raises ``OSError``."""
    _record_of(path).write_text(hashlib.sha256(path.read_bytes()).hexdigest() + "\n", encoding="ascii")


def _record_of(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


@contextlib.contextmanager
def _locked(top: Path) -> Iterator[bool]:
    """Holds the lock of a directory; gives whether the file system really has locks. Raises ``OSError``."""
    handle = os.open(top / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        alone = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            alone = False
        yield alone
    finally:
        os.close(handle)


def _remove_leftovers(top: Path) -> None:
    """Removes what builds that were killed have left. Under the lock, so that none of them is still running."""
    for path in top.glob("build-*"):
        shutil.rmtree(path, ignore_errors=True)
