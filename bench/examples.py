"""How fast are the programs of ``examples/air`` at O3, against the same programs in C?

Ours are compiled with all checks and with none, the peer with ``cc -O3``; all three for x86-64-v3 without contraction of
floating-point operations. Each run must print the published answer.
"""

from __future__ import annotations

import hashlib
import math
import random
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
    "sha256": (("512", None), ("32", None), "1"),
}


def build(name: str, scratch: Path) -> tuple[Path, Path, Path]:
    """The executables: ours with all checks, ours with none, the peer."""
    import altru_ir as air
    from altru_ir import backend

    source = ROOT / "examples" / "air" / f"{name}.air"
    module = air.parse(source.read_bytes(), source.name)
    checked, unchecked, peer = (scratch / f"{name}-{kind}" for kind in ("checked", "unchecked", "c"))
    backend.emit(module, "exe", checked, opt=3, checks="all")
    backend.emit(module, "exe", unchecked, opt=3, checks="none")
    subprocess.run(["cc", *PEER_FLAGS, "-o", peer, ROOT / "bench/peers/c" / f"{name}.c", "-lm"], check=True)
    return checked, unchecked, peer


def argument(name: str, size: str, scratch: Path) -> tuple[str, bytes | None]:
    """The program's argument; for sha256 a file of ``size`` MiB, with its digest as the expected answer."""
    if name != "sha256":
        return size, None
    data = random.Random(1).randbytes(1 << 20) * int(size)
    file = scratch / f"{size}.bin"
    file.write_bytes(data)
    return str(file), f"{hashlib.sha256(data).hexdigest()}  {file}\n".encode()


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Time and instructions of each example against its C twin."""
    logs: dict[str, list[float]] = {"checks=all": [], "checks=none": []}
    for name, (full, small, counted) in PROGRAMS.items():
        checked, unchecked, peer = build(name, scratch)
        size, answer = small if quick else full
        given, digest = argument(name, size, scratch)
        tiny, _ = argument(name, counted, scratch)
        theirs = instructions([str(peer), tiny])
        for kind, ours in (("checks=all", checked), ("checks=none", unchecked)):
            measured = pairs([str(ours), given], [str(peer), given], 3, digest or answer)
            count = instructions([str(ours), tiny])
            numbers = {"instructions": float(count), "peer_instructions": float(theirs)} if count and theirs else {}
            logs[kind].append(math.log(measured.ratio))
            yield Row(
                f"{name} {size} {kind}", "cpu time", sorted(measured.ours)[len(measured.ours) // 2], "s",
                peer="cc -O3", ratio=measured.ratio, samples=len(measured.ours), counted=numbers,
            )  # fmt: skip
    for kind, each in logs.items():
        mean = math.exp(sum(each) / len(each))
        yield Row(f"geometric mean {kind}", "cpu time", mean, "x", peer="cc -O3", ratio=mean, samples=len(each))
