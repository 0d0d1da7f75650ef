"""How fast are the programs of ``examples/air`` at O3, against the same programs in C?

Ours are compiled with all checks and with none, the peers with ``cc -O3`` and, where it is installed, ``clang-22 -O3``; all for
x86-64-v3 without contraction of floating-point operations. Each run must print the published answer, or where none is
published what the program in C prints.
"""

from __future__ import annotations

import hashlib
import math
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Row, instructions, pairs

ROOT = Path(__file__).resolve().parents[1]
PEER_FLAGS = ["-O3", "-march=x86-64-v3", "-ffp-contract=off", "-std=c11"]


def trees(depth: int) -> bytes:
    """The answer of binary-trees: a perfect tree of depth ``d`` has ``2**(d + 1) - 1`` nodes."""

    def nodes(of: int) -> int:
        return 2 ** (of + 1) - 1

    lines = [f"stretch tree of depth {depth + 1}\t check: {nodes(depth + 1)}"]
    for each in range(4, depth + 1, 2):
        count = 1 << (depth - each + 4)
        lines.append(f"{count}\t trees of depth {each}\t check: {count * nodes(each)}")
    lines.append(f"long lived tree of depth {depth}\t check: {nodes(depth)}\n")
    return "\n".join(lines).encode()


# Argument and published answer: full size, then a quick one and a size that cachegrind can count.
PROGRAMS: dict[str, tuple[tuple[str, bytes | None], tuple[str, bytes | None], str]] = {
    "nbody": (
        ("50000000", b"-0.169075164\n-0.169059907\n"),
        ("1000000", b"-0.169075164\n-0.169086185\n"),
        "50000",
    ),
    "spectral-norm": (("5500", b"1.274224153\n"), ("1000", b"1.274224148\n"), "200"),
    "binary-trees": (("21", trees(21)), ("14", trees(14)), "10"),
    "fannkuch-redux": (
        ("11", b"556355\nPfannkuchen(11) = 51\n"),
        ("9", b"8629\nPfannkuchen(9) = 30\n"),
        "7",
    ),
    "mandelbrot": (("4000", None), ("500", None), "100"),
    "quicksort": (("20000000", None), ("500000", None), "20000"),
    "hash-table": (("20000000", None), ("500000", None), "20000"),
    "sha256": (("512", None), ("32", None), "1"),
    "utf8": (("512", None), ("32", None), "1"),
}
CHARACTERS = "abcdefghijklmnopqrstuvwxyz      äßéλя中😀"


def peers() -> dict[str, str]:
    """The C compilers to compare with, by the names that rows give them."""
    return {f"{name} -O3": name for name in ("cc", "clang-22") if shutil.which(name)}


def build(name: str, scratch: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The executables: ours with all checks and with none, and those of the peers."""
    import altru_ir as air
    from altru_ir import backend

    source = ROOT / "examples" / "air" / f"{name}.air"
    module = air.parse(source.read_bytes(), source.name)
    ours, theirs = {}, {}
    for checks in ("all", "none"):
        ours[f"checks={checks}"] = scratch / f"{name}-{checks}"
        backend.emit(module, "exe", ours[f"checks={checks}"], opt=3, checks=checks)
    for peer, compiler in peers().items():
        theirs[peer] = scratch / f"{name}-{compiler}"
        program = ROOT / "bench/peers/c" / f"{name}.c"
        subprocess.run([compiler, *PEER_FLAGS, "-o", theirs[peer], program, "-lm"], check=True)
    return ours, theirs


def argument(name: str, size: str, scratch: Path) -> tuple[str, bytes | None]:
    """The program's argument; for sha256 and utf8 a file of about ``size`` MiB, with the expected answer."""
    file = scratch / f"{name}-{size}.bin"
    choose = random.Random(1)
    if name == "sha256":
        data = choose.randbytes(1 << 20) * int(size)
        file.write_bytes(data)
        return str(file), f"{hashlib.sha256(data).hexdigest()}  {file}\n".encode()
    if name == "utf8":
        part = "".join(choose.choices(CHARACTERS, k=860_000))
        file.write_bytes(part.encode() * int(size))
        return str(file), f"{len(part) * int(size)} characters\n".encode()
    return size, None


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Time and instructions of each example against its C twin."""
    logs: dict[tuple[str, str], list[float]] = {}
    for name, (full, small, counted) in PROGRAMS.items():
        ours, theirs = build(name, scratch)
        size, answer = small if quick else full
        given, known = argument(name, size, scratch)
        tiny, _ = argument(name, counted, scratch)
        expected = known or answer
        if expected is None:
            expected = subprocess.run([next(iter(theirs.values())), given], capture_output=True, check=True).stdout
        counts = {program: instructions([str(program), tiny]) for program in (*ours.values(), *theirs.values())}
        for peer, theirs_program in theirs.items():
            for kind, program in ours.items():
                measured = pairs([str(program), given], [str(theirs_program), given], 3, expected)
                count, other = counts[program], counts[theirs_program]
                numbers = {"instructions": float(count), "peer_instructions": float(other)} if count and other else {}
                logs.setdefault((kind, peer), []).append(math.log(measured.ratio))
                yield Row(
                    f"{name} {size} {kind}", "cpu time", sorted(measured.ours)[len(measured.ours) // 2], "s",
                    peer=peer, ratio=measured.ratio, samples=len(measured.ours), counted=numbers,
                )  # fmt: skip
    for (kind, peer), each in logs.items():
        mean = math.exp(sum(each) / len(each))
        yield Row(f"geometric mean {kind}", "cpu time", mean, "x", peer=peer, ratio=mean, samples=len(each))
