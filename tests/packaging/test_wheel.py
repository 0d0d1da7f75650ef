"""The built packages hold everything that runs, the C sources of the runtime included, and nothing twice."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = {".py", ".c", ".h", ".S", ".typed"}


def built(kind: str, source: Path, out: Path) -> Path:
    """Builds the ``wheel`` or ``sdist`` of ``source`` with the packages of this environment, and gives the one file."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = out.iterdir()
    return archive


def package_files() -> set[str]:
    """What the package has on disk, through the links: ``altru_ir/runtime/...`` and so on."""
    files = set()
    for folder in (ROOT / "altru_ir", *(ROOT / "altru_ir" / name for name in ("passes", "backend", "runtime"))):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix in NEEDED and "__pycache__" not in path.parts:
                files.add(path.relative_to(ROOT).as_posix())
    return files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_holds_the_whole_package(wheel: Path) -> None:
    assert package_files() - set(names(wheel)) == set()


def test_wheel_brings_one_python_name(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"altru_ir"}


def test_wheel_declares_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert "altru-opt = altru_ir.backend.cli:main" in archive.read(entry_points).decode()


def test_wheel_of_the_source_archive_is_the_same(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "-xf", sdist, "-C", tmp_path], check=True)
    (unpacked,) = tmp_path.iterdir()
    assert not (unpacked / "passes").exists()
    again = built("wheel", unpacked, tmp_path / "dist")
    assert sorted(names(again)) == sorted(names(wheel))
