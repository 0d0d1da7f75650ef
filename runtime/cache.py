"""The directory where built libraries and compiled objects are kept, and how they get there.

It is ``$ALTRU_CACHE_DIR``, else ``$XDG_CACHE_HOME/altru-ir``, else ``~/.cache/altru-ir``. It must be a directory of
ours with mode 0700, and no link: who could write there could run code as us. Anything else is left alone, and a private
temporary directory that is removed at exit serves instead.

A *library* is a file that somebody else opens: ``obtain("3f2a", "libaltru.so", make)`` is the path of a file
``runtime-3f2a/libaltru.so`` that ``make`` wrote, now or in another process long ago. Its hash stands beside it, and it is
made under a lock, once. An *object* is bytes that are read: ``store("77ab", code)``, later ``load("77ab")``. There are many;
each begins with its hash, none is locked, and when they take more room than ``$ALTRU_CACHE_LIMIT`` (bytes; ``512 MiB``), those
go first that were not read for the longest time. An object is a convenience: one that cannot be kept is not an error.

Invariant: content is used only when it has the hash recorded for it. It is written to a temporary name and renamed, so that no
process ever sees half of it; what is damaged is made again, and what a killed or failing process left behind is removed.
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
import time
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
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
            found = os.lstat(path)
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


# -- objects -----------------------------------------------------------------------------------------------------------------

_OBJECTS = "objects"
_LIMIT = 512 << 20
_LOOK_EACH = 32
"""How many objects a process stores at most before it looks at what others have stored."""

_stored = 0
_size = 0
"""How many objects this process has stored since it looked, and how large all are as far as it knows."""


def load(key: str) -> bytes | None:
    """The object that was stored under ``key``; None when there is none that is whole and was stored under this key."""
    try:
        path = os.path.join(directory(), _OBJECTS, key)
        with open(path, "rb", buffering=0) as file:
            found = file.readall()
        data = found[32:]
        if _digest(key, data) != found[:32]:
            os.unlink(path)
            return None
        os.utime(path)  # it was needed now; what was not goes first
    except (OSError, RuntimeBuildError):
        return None
    return data


def _digest(key: str, data: bytes) -> bytes:
    """What an entry begins with: it is of one key, whatever its file is called."""
    made = hashlib.sha256(key.encode())
    made.update(b"\0")
    made.update(data)
    return made.digest()


def store(key: str, data: bytes) -> bool:
    """Keeps an object under ``key``. Whether it could: a full disk, for example, is no reason to fail."""
    global _stored, _size
    scratch = None
    try:
        folder = directory() / _OBJECTS
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".new-", dir=folder)
        scratch = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(key, data) + data)
        os.replace(scratch, folder / key)
        _size += 32 + len(data)
        if _stored % _LOOK_EACH == 0 or _size > limit():
            _stored, _size = 0, _make_room(folder)
        _stored += 1
    except (OSError, RuntimeBuildError):
        if scratch is not None:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
        return False
    return True


def limit() -> int:
    """How many bytes the objects may take: ``$ALTRU_CACHE_LIMIT``, where it is a number, else 512 MiB."""
    text = os.environ.get("ALTRU_CACHE_LIMIT", "")
    return int(text.lstrip("0")[:20] or 0) if text.isdecimal() else _LIMIT  # no disk is larger than 20 digits say


def _make_room(folder: Path) -> int:
    """Removes leftovers, and when the objects take more than the limit those that were not needed for the longest time, until
    a quarter of it is free. Gives how many bytes they take then."""
    found = []
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):  # another process may be removing it, too
            status = entry.stat(follow_symlinks=False)
            if entry.name.startswith(".new-") and time.time() - status.st_mtime > 3600:
                os.unlink(entry.path)
            else:
                found.append((status.st_mtime_ns, status.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    if total <= limit():
        return total
    for _, size, path in sorted(found):
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size
        if total <= limit() * 3 // 4:
            break
    return total


# -- all of it ---------------------------------------------------------------------------------------------------------------


def clear() -> list[Path]:
    """Removes everything that was kept; returns what was removed. Raises ``RuntimeBuildError``."""
    reason = refusal()
    if reason is not None:
        raise RuntimeBuildError(f"there is no cache to clear: {reason}, so nothing was kept")
    top = directory()
    try:
        with _locked(top):
            removed = sorted([*top.glob("runtime-*"), *top.glob(_OBJECTS)])
            for path in removed:
                if path.is_dir() and not path.is_symlink():
                    trash = path.rename(tempfile.mkdtemp(dir=top, prefix="build-"))  # nobody stores there any more
                    shutil.rmtree(trash)
                else:
                    path.unlink()
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
