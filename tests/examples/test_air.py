"""The programs of ``examples/air`` against their published answers, through the command line, at O0 and O3."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend

AIR = Path(__file__).parents[2] / "examples" / "air"

TREES = """\
stretch tree of depth 11\t check: 4095
1024\t trees of depth 4\t check: 31744
256\t trees of depth 6\t check: 32512
64\t trees of depth 8\t check: 32704
16\t trees of depth 10\t check: 32752
long lived tree of depth 10\t check: 2047
"""

PUBLISHED = [
    ("nbody", "1000", "-0.169075164\n-0.169087605\n"),
    ("spectral-norm", "100", "1.274219991\n"),
    ("binary-trees", "10", TREES),
    ("fannkuch-redux", "7", "228\nPfannkuchen(7) = 16\n"),
]


def altru_opt(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "altru_ir.backend.cli.opt", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("level", ["-O0", "-O3"])
@pytest.mark.parametrize(("name", "argument", "answer"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_published_answer(name: str, argument: str, answer: str, level: str) -> None:
    done = altru_opt(level, "--run", str(AIR / f"{name}.air"), "--", argument)
    assert done.stderr == b""
    assert done.stdout.decode() == answer
    assert done.returncode == 0


def test_executable_gives_the_same(tmp_path: Path) -> None:
    program = tmp_path / "nbody"
    done = altru_opt("-O2", "--emit=exe", "-o", str(program), str(AIR / "nbody.air"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert subprocess.run([program, "1000"], capture_output=True, check=True).stdout.decode() == PUBLISHED[0][2]


@pytest.mark.parametrize("arguments", [["1"], ["1", "2", "3", "4"]])
def test_bounds_panics_exactly_when_out_of_bounds(arguments: list[str]) -> None:
    done = altru_opt("--run", str(AIR / "bounds.air"), "--", *arguments)
    if len(arguments) == 1:
        assert (done.returncode, done.stderr) == (ord("c"), b"")
    else:
        assert done.returncode == 101
        assert b"panic: index 5 out of bounds for length 4 at " in done.stderr
        assert b"bounds.air:11:3" in done.stderr


# FIPS 180-4 and NIST's example vectors: nothing, one block, two blocks, many blocks.
VECTORS = [
    (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
]


@pytest.fixture(scope="module", params=["0", "3"])
def sha256(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("sha256") / "sha256"
    done = altru_opt(f"-O{request.param}", "--emit=exe", "-o", str(program), str(AIR / "sha256.air"))
    assert (done.returncode, done.stderr) == (0, b"")
    return program


@pytest.mark.parametrize(("data", "digest"), VECTORS, ids=["empty", "abc", "448 bits", "million a"])
def test_sha256_vectors(sha256: Path, data: bytes, digest: str) -> None:
    done = subprocess.run([sha256], input=data, capture_output=True, check=True)
    assert done.stdout.decode() == f"{digest}  -\n"


def test_sha256_around_block_borders(sha256: Path, tmp_path: Path) -> None:
    random_bytes = random.Random(256).randbytes
    for length in [*range(50, 70), 119, 120, 127, 128, 129, 1000, 4096, 65537]:
        data = random_bytes(length)
        file = tmp_path / "data"
        file.write_bytes(data)
        done = subprocess.run([sha256, str(file)], capture_output=True, check=True)
        assert done.stdout.decode() == f"{hashlib.sha256(data).hexdigest()}  {file}\n", length


def test_sha256_of_a_missing_file(sha256: Path) -> None:
    done = subprocess.run([sha256, "/no/such/file"], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"cannot read" in done.stderr


@pytest.fixture(scope="module")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """An example as an executable, compiled once for each level."""
    folder = tmp_path_factory.mktemp("executables")

    @cache
    def built(name: str, opt: int) -> Path:
        source = AIR / f"{name}.air"
        backend.emit(air.parse(source.read_bytes(), source.name), "exe", folder / f"{name}-{opt}", opt=opt)
        return folder / f"{name}-{opt}"

    return built


def output(program: Path, *arguments: object, status: int = 0, stdin: bytes = b"") -> bytes:
    done = subprocess.run([program, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (status, b"")
    return done.stdout


def xorshift(count: int) -> Iterator[int]:
    """The first numbers of Marsaglia's generator."""
    state = 88172645463325252
    for _ in range(count):
        state ^= state << 13 & 2**64 - 1
        state ^= state >> 7
        state ^= state << 17 & 2**64 - 1
        yield state


@pytest.mark.parametrize("opt", [0, 3])
def test_quicksort(opt: int, executable: Callable[[str, int], Path]) -> None:
    program = executable("quicksort", opt)
    for n in [0, 1, 2, 15, 16, 17, 18, 33, 100, 5000]:
        total = 0
        for x in sorted(number % 2**32 for number in xorshift(n)):
            total = (total * 31 + x) % 2**64
        assert output(program, n) == b"%d\n" % total


@pytest.mark.parametrize("opt", [0, 3])
def test_hash_table(opt: int, executable: Callable[[str, int], Path]) -> None:
    program = executable("hash-table", opt)
    for n in [0, 1, 3, 47, 48, 49, 200, 10_000]:
        counts = Counter(number % (n // 4 + 1) + 1 for number in xorshift(n))
        found = sum(count for key, count in counts.items() if key <= n)
        most = max((count for key, count in counts.items() if key <= n), default=0)
        assert output(program, n).decode() == f"{len(counts)} keys, {found} found, at most {most} times\n"


def mandelbrot(n: int) -> bytes:
    out = bytearray(b"P4\n%d %d\n" % (n, n))
    for y in range(n):
        bits = []
        for x in range(n):
            c = complex(x * (2.0 / n) - 1.5, y * (2.0 / n) - 1.0)
            zr = zi = tr = ti = 0.0
            steps = 0
            while steps < 50 and tr + ti <= 4.0:
                zi = 2.0 * zr * zi + c.imag
                zr = tr - ti + c.real
                tr, ti = zr * zr, zi * zi
                steps += 1
            bits.append("1" if tr + ti <= 4.0 else "0")
        row = "".join(bits).ljust((n + 7) // 8 * 8, "0")
        out += bytes(int(row[i : i + 8], 2) for i in range(0, len(row), 8))
    return bytes(out)


def test_mandelbrot(executable: Callable[[str, int], Path]) -> None:
    program = executable("mandelbrot", 3)
    for n in [1, 7, 8, 9, 50]:
        assert output(program, n) == mandelbrot(n)


def fannkuch(n: int) -> tuple[int, int]:
    checksum = most = 0
    for number, order in enumerate(rotations(n)):
        perm, flips = list(order), 0
        while perm[0]:
            perm[: perm[0] + 1] = perm[perm[0] :: -1]
            flips += 1
        most = max(most, flips)
        checksum += -flips if number % 2 else flips
    return checksum, most


def rotations(n: int) -> Iterator[tuple[int, ...]]:
    """All permutations in the order of the benchmark: those of the last place turn slowest."""
    if n == 1:
        yield (0,)
        return
    front = list(range(n))
    for _ in range(n):
        for order in rotations(n - 1):
            yield (*(front[i] for i in order), front[n - 1])
        front = [*front[1:], front[0]]


def test_fannkuch_redux(executable: Callable[[str, int], Path]) -> None:
    program = executable("fannkuch-redux", 3)
    for n in range(1, 8):
        checksum, most = fannkuch(n)
        assert output(program, n).decode() == f"{checksum}\nPfannkuchen({n}) = {most}\n"
    for n in [0, 17, -1]:
        assert output(program, n, status=2) == b""


def test_utf8(executable: Callable[[str, int], Path]) -> None:
    program = executable("utf8", 3)
    choose = random.Random(3)
    cases = [
        b"",
        b"abc",
        "häuser 中 😀 \U0010ffff \ud7ff\ue000".encode(),
        b"\xed\xa0\x80",
        b"a\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
    ]
    cases += [
        b"\xe0\x9f\xbf",
        b"\xf0\x8f\xbf\xbf",
        b"\xf8\x88\x80\x80\x80",
        b"x" * 65535 + "é".encode(),
        b"x" * 65534 + b"\xe4\xb8",
    ]
    for _ in range(60):
        data = bytearray("".join(choose.choices("abc äß中😀", k=30)).encode())
        if choose.random() < 0.8:
            data[choose.randrange(len(data))] = choose.randrange(256)
        cases.append(bytes(data))
    for data in cases:
        try:
            expected, status = f"{len(data.decode())} characters\n", 0
        except UnicodeDecodeError as error:
            expected, status = f"invalid at byte {error.start}\n", 1
        assert output(program, "-", status=status, stdin=data).decode() == expected, data


def test_utf8_of_a_missing_file(executable: Callable[[str, int], Path]) -> None:
    done = subprocess.run([executable("utf8", 3), "/no/such/file"], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"cannot read" in done.stderr


@pytest.mark.parametrize(
    ("name", "argument"),
    [("fannkuch-redux", "4"), ("mandelbrot", "9"), ("quicksort", "40"), ("hash-table", "60"), ("utf8", "text")],
)
def test_by_definition(name: str, argument: str, tmp_path: Path, executable: Callable[[str, int], Path]) -> None:
    """The interpreter finds no fault, no leak, and says the same."""
    if argument == "text":
        (tmp_path / "text").write_text("häuser 中 😀")
        argument = str(tmp_path / "text")
    source = AIR / f"{name}.air"
    module = air.parse(source.read_bytes(), source.name)
    printed: list[bytes] = []
    assert backend.interpret(backend.prepare(module, opt=0), "main", [name, argument], write=printed.append) == 0
    assert b"".join(printed) == output(executable(name, 3), argument) != b""
