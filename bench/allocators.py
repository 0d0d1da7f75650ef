"""What does an allocation cost, against glibc, mimalloc, jemalloc and tcmalloc?

The programs are ``bench/peers/allocators/workloads.c``: one workload on one home; the peers replace malloc in the same program
by LD_PRELOAD. All of them run in turn, a row's ratio is the median of the ratios of neighbouring runs, to glibc or to the best
of the other three; CPU time of user and system together. Instructions of an acquire and a release are those of the whole run
less those of the same loop without an allocator, counted by the processor; where the loop tells in the time, there is a row
without it too. Objects are written when they are made and read when
they go, 1,024 to 16,000 are live, the order is random, and the checksums of all homes are compared. Producer and consumer have
a processor each, as a scheduler under load would rather put them on one.

Debian has the peers in ``libmimalloc2.0``, ``libjemalloc2`` and ``libtcmalloc-minimal4``.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs

from altru_ir.runtime import build
from bench.harness import Row

SOURCE = Path(__file__).parent / "peers" / "allocators" / "workloads.c"
FLAGS = ("-std=c11", "-O2", "-march=x86-64-v3")
HOMES = ("MALLOC", "HEAP", "POOL", "ARENA", "NONE")
PEERS = {"mimalloc": "libmimalloc.so.2", "jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4"}
LIBRARIES = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu"), Path("/usr/lib"))
ROUNDS, QUICK_ROUNDS = 9, 3
COUNTED = 4_096_000


@attrs.frozen
class Contest:
    """``ours`` are homes with their bars: against glibc, or (``best``) against the best of the others."""

    workload: str
    count: int
    ours: dict[str, float]
    best: bool


CONTESTS = (
    Contest("pairs", 40_000_000, {"POOL": 0.16}, best=False),
    Contest("rounds", 40_960_000, {"ARENA": 0.11}, best=False),
    Contest("pairs", 20_000_000, {"HEAP": 1.05}, best=True),
    Contest("random", 10_000_000, {"HEAP": 1.05}, best=True),
    Contest("fifo", 10_000_000, {"HEAP": 1.05}, best=True),
    Contest("handover", 5_000_000, {"HEAP": 1.05}, best=True),
    Contest("larson", 10_000_000, {"HEAP": 1.05}, best=True),
    Contest("trees", 18, {"HEAP": 0.45, "POOL": 0.30, "ARENA": 0.19}, best=False),
)
INSTRUCTIONS = {("pairs", "POOL"): 10.0, ("rounds", "ARENA"): 9.0, ("pairs", "HEAP"): 25.0}
"""Bars for the instructions of an acquire and a release of 32 bytes."""
SECRETS = 1_000_000


@attrs.frozen
class Entrant:
    """A program and the allocator in it."""

    name: str
    program: Path
    preload: Path | None = None

    def run(self, workload: str, count: int) -> tuple[float, int, str]:
        """CPU seconds, peak resident KiB, the checksum. Raises ``RuntimeError`` when it fails."""
        environment = os.environ | ({"LD_PRELOAD": str(self.preload)} if self.preload else {})
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        line = [self.program, workload, str(count)]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        resident = re.search(r"VmHWM:\s*(\d+)", done.stderr)
        if done.returncode or resident is None:
            raise RuntimeError(f"{self.name} {workload} {count}: status {done.returncode}")
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, int(resident[1]), done.stdout


def entrants(scratch: Path) -> dict[str, Entrant]:
    """Our homes by their names, ``glibc``, and the peers that are installed."""
    found = {}
    for home in HOMES:
        program = scratch / home
        libraries = [str(build.static_library())] if home not in ("MALLOC", "NONE") else []
        line = ["cc", *FLAGS, f"-DHOME_{home}", f"-I{build.include_dir()}", str(SOURCE), *libraries, "-lpthread"]
        subprocess.run([*line, "-o", str(program)], check=True)
        found["glibc" if home == "MALLOC" else home] = Entrant(home, program)
    for name, file in PEERS.items():
        place = next((folder / file for folder in LIBRARIES if (folder / file).exists()), None)
        if place is not None:
            found[name] = Entrant(name, found["glibc"].program, place)
    return found


def instructions(entrant: Entrant, workload: str) -> int | None:
    """Instructions in user mode of a run; None where the processor does not count."""
    if shutil.which("perf") is None:
        return None
    environment = os.environ | ({"LD_PRELOAD": str(entrant.preload)} if entrant.preload else {})
    line = ["perf", "stat", "-x,", "-e", "instructions:u", str(entrant.program), workload, str(COUNTED)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    counted = re.search(r"^(\d+),,instructions", done.stderr, re.M)
    return int(counted[1]) if counted else None


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Instructions, time, and resident memory."""
    homes = entrants(scratch)
    peers = [name for name in PEERS if name in homes]
    for (workload, home), bar in INSTRUCTIONS.items():
        loop = instructions(homes["NONE"], workload)
        for name in (home, "glibc", *peers):
            count = instructions(homes[name], workload)
            if count is not None and loop is not None:
                value = (count - loop) / COUNTED
                limit = bar if name == home else None
                yield Row(f"{workload} 32 bytes, {name}", "instructions of a pair", value, "instructions", bar=limit)
    rounds = QUICK_ROUNDS if quick else ROUNDS
    for contest in CONTESTS:
        count = contest.count if not quick or contest.workload == "trees" else contest.count // 10
        has_loop = contest.workload in ("pairs", "rounds")
        names = [*contest.ours, *(peers if contest.best else ["glibc", *peers]), *(["NONE"] if has_loop else [])]
        seconds: dict[str, list[float]] = {name: [] for name in names}
        memory: dict[str, int] = {}
        sums = set()
        for turn in range(rounds + 1):  # the first is not counted
            for name in names:
                used, resident, told = homes[name].run(contest.workload, count)
                sums.add(told)
                if turn:
                    seconds[name].append(used)
                    memory[name] = max(resident, memory.get(name, 0))
        if len(sums) != 1:
            raise RuntimeError(f"{contest.workload}: the checksums differ: {sorted(sums)}")
        best = min(peers, key=lambda name: statistics.median(seconds[name])) if peers else None
        rival = best if contest.best else "glibc"
        for name, bar in contest.ours.items():
            if rival is not None:
                ratio = statistics.median(a / b for a, b in zip(seconds[name], seconds[rival], strict=True))
                yield Row(
                    f"{contest.workload}, {name}", "cpu time", statistics.median(seconds[name]), "s", peer=rival, ratio=ratio,
                    bar=bar, samples=rounds,
                )  # fmt: skip
            if rival is not None and has_loop and not contest.best:
                own, other, loop = (statistics.median(seconds[each]) for each in (name, rival, "NONE"))
                yield Row(
                    f"{contest.workload}, {name}, less the loop", "cpu time", own - loop, "s", peer=rival,
                    ratio=(own - loop) / (other - loop), bar=bar, samples=rounds,
                )  # fmt: skip
            if "mimalloc" in homes:
                yield Row(
                    f"{contest.workload}, {name}: resident", "memory", memory[name] / 1024, "MiB", peer="mimalloc",
                    ratio=memory[name] / memory["mimalloc"], bar=1.1, samples=rounds,
                )  # fmt: skip
    count = SECRETS // 10 if quick else SECRETS
    cycles = [homes["HEAP"].run("secrets", count)[0] / count * 1e6 for _ in range(rounds)]
    yield Row("secrets of 32 bytes", "cpu time of a cycle", statistics.median(cycles), "us", bar=1.0, samples=rounds)
