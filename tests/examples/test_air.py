"""The programs of ``examples/air`` against their published answers, through the command line, at O0 and O3."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

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
