"""What rustc says about a file: its errors, its MIR, its text after expansion, its facts. Cached by content.

``judge(path)`` runs rustc at most once for each file and kind of question; what it found lies in a directory of the user's
cache under the hash of the text, so that a second run of the tests costs nothing.

Example: ``judge(path).errors`` are the errors with a code, each with its line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import attrs

BUILTIN = "lifetime"
"""The code given here to errors of rustc that have none: a lifetime may not live long enough."""


@attrs.frozen
class Verdict:
    """An error of rustc: its code, its line, and the lines of what it labels."""

    code: str
    line: int
    message: str
    labels: tuple[int, ...] = ()


@attrs.frozen
class Answer:
    """What rustc made of a file. ``errors`` are those of the borrow checker, ``broken`` is another error, if there is one;
    ``source`` is the text of the file, which may be gone."""

    path: Path
    source: str
    errors: tuple[Verdict, ...]
    broken: str
    dumps: Path
    expanded: str


@cache
def compiler() -> str | None:
    """The path of a rustc that takes the options needed; None where there is none."""
    found = shutil.which("rustc")
    if found is None:
        return None
    env = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    done = subprocess.run([found, "-Zhelp"], capture_output=True, text=True, env=env, check=False)
    return found if "dump-mir-dir" in done.stdout and "polonius" in done.stdout else None


@cache
def _version() -> str:
    program = compiler()
    assert program is not None
    return subprocess.run([program, "-vV"], capture_output=True, text=True, check=True).stdout


def cache_directory() -> Path:
    """Where answers are kept: ours alone."""
    base = Path(tempfile.gettempdir()) / f"altru-mir-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    if base.stat().st_uid != os.getuid():
        raise PermissionError(f"{base} belongs to somebody else")
    return base


def rustc(*arguments: str, at: Path) -> subprocess.CompletedProcess[str]:
    """Runs rustc in ``at``."""
    program = compiler()
    assert program is not None
    env = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=env, cwd=at, check=False, timeout=120)


_FORMAT = "3"
"""Changes when what is kept changes."""

_SPELLED = ["-Zverbose-internals", "-Zdump-mir-exclude-alloc-bytes=yes", "-Zdump-mir-exclude-pass-number=yes"]
"""How dumps are written."""

BORROWCK = frozenset(
    [
        "E0381",
        "E0382",
        "E0384",
        "E0499",
        "E0502",
        "E0503",
        "E0505",
        "E0506",
        "E0507",
        "E0508",
        "E0509",
        "E0510",
        "E0515",
        "E0521",
        "E0594",
        "E0596",
        "E0597",
        "E0712",
        "E0713",
        "E0716",
        "E0373",
        "E0700",
        "E0309",
        "E0310",
        "lifetime",
    ]
)
_OPTIONS = re.compile(r"^// ?@?\s*(edition|compile-flags):\s*(.*)$", re.M)


def judge(path: Path) -> Answer:
    """What rustc says about the file."""
    text = path.read_text()
    flags = options(text)
    key = hashlib.sha256("\0".join([_FORMAT, _version(), *flags, text]).encode()).hexdigest()[:24]
    kept = cache_directory() / key
    if not (kept / "answer.json").exists():
        with tempfile.TemporaryDirectory(dir=cache_directory()) as made:
            _ask(Path(made), text, flags)
            try:
                os.rename(made, kept)
                os.mkdir(made)
            except OSError:
                pass  # somebody else was faster
    known = json.loads((kept / "answer.json").read_text())
    errors = tuple(Verdict(e["code"], e["line"], e["message"], tuple(e["labels"])) for e in known["errors"])
    return Answer(path, text, errors, known["broken"], kept / "dumps", (kept / "expanded.rs").read_text())


def elaborated(path: Path) -> list[tuple[str, str, str]]:
    """The MIR of each function of a file in front of drop elaboration and behind it."""
    text = path.read_text()
    flags = options(text)
    key = hashlib.sha256("\0".join([_FORMAT, "drops", _version(), *flags, text]).encode()).hexdigest()[:24]
    kept = cache_directory() / key
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache_directory()) as made:
            at = Path(made)
            (at / "program.rs").write_text(text)
            dump = ["-Zdump-mir=ElaborateDrops", "-Zdump-mir-dir=dumps", *_SPELLED]
            rustc("program.rs", "--crate-name=program", "--emit=mir", "-Copt-level=0", *flags, *dump, at=at)
            (at / "dumps").mkdir(exist_ok=True)
            with contextlib.suppress(OSError):
                os.rename(at / "dumps", kept)
    found = []
    for after in sorted(kept.glob("*.after.mir")):
        before = after.with_name(after.name.replace(".after.", ".before."))
        name = after.name.removeprefix("program.").split(".ElaborateDrops.")[0]
        found.append((name, before.read_text(), after.read_text()))
    return found


def facts(path: Path) -> list[Path]:
    """Directories with the Polonius facts of the functions of a file (``-Znll-facts``)."""
    text = path.read_text()
    flags = options(text)
    key = hashlib.sha256("\0".join([_FORMAT, "facts", _version(), *flags, text]).encode()).hexdigest()[:24]
    kept = cache_directory() / key
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache_directory()) as made:
            at = Path(made)
            (at / "program.rs").write_text(text)
            (at / "facts").mkdir()
            written = ["-Znll-facts", "-Znll-facts-dir=facts"]
            rustc("program.rs", "--crate-name=program", "--emit=metadata", *flags, *written, at=at)
            with contextlib.suppress(OSError):
                os.rename(at / "facts", kept)
    return sorted(each.parent for each in kept.rglob("cfg_edge.facts"))


def options(text: str) -> list[str]:
    """The flags a file asks for itself."""
    edition = "2021"
    flags: list[str] = []
    for kind, value in _OPTIONS.findall(text):
        if kind == "edition":
            edition = value.split("..")[0].strip() or edition
        else:
            flags.extend(value.split())
    crate = "bin" if re.search(r"^\s*(?:pub )?fn main\(", text, re.M) else "lib"
    return [f"--edition={edition}", f"--crate-type={crate}", "-Awarnings", *(f for f in flags if f.startswith("-Z"))]


def _ask(at: Path, text: str, flags: list[str]) -> None:
    (at / "program.rs").write_text(text)
    (at / "dumps").mkdir()
    common = ["--crate-name=program", "--emit=metadata", "-Copt-level=0", *flags]
    dump = ["-Zdump-mir=nll|PromoteTemps", "-Zdump-mir-dir=dumps", "-Zmir-include-spans=on", *_SPELLED]
    said = rustc("program.rs", *common, *dump, "-Zpolonius=next", "--error-format=json", at=at)
    for each in (at / "dumps").iterdir():
        if not each.name.endswith((".nll.0.mir", ".PromoteTemps.before.mir")):
            each.unlink()
    errors, broken = _read(said.stderr)
    expanded = rustc("program.rs", *[f for f in common if not f.startswith("--emit")], "-Zunpretty=expanded", at=at)
    (at / "expanded.rs").write_text(expanded.stdout)
    for left in at.glob("libprogram*"):
        left.unlink()
    (at / "answer.json").write_text(json.dumps({"errors": errors, "broken": broken}))


def _read(stderr: str) -> tuple[list[dict[str, object]], str]:
    errors: list[dict[str, object]] = []
    broken = ""
    for line in stderr.splitlines():
        if not line.startswith("{"):
            broken = broken or line.strip()
            continue
        said = json.loads(line)
        if said.get("level") != "error":
            continue
        spans = [_outermost(span) for span in said["spans"]]
        own = [span for span in spans if span["file_name"] == "program.rs"]
        primary = next((span for span in own if span["is_primary"]), None)
        code = (said.get("code") or {}).get("code") or (BUILTIN if "may not live long enough" in said["message"] else "")
        if code in BORROWCK and primary is not None:
            labels = sorted({span["line_start"] for span in own})
            errors.append({"code": code, "line": primary["line_start"], "message": said["message"], "labels": labels})
        elif "aborting due to" not in said["message"]:
            broken = broken or f"{code} {said['message']}"
    return errors, broken


def _outermost(span: dict[str, object]) -> dict[str, object]:
    """Where a macro was used, for what stands in one."""
    while span.get("expansion") and span["file_name"] != "program.rs":
        outer = span["expansion"]["span"]  # type: ignore[index]
        span = {**outer, "is_primary": span["is_primary"]}
    return span
