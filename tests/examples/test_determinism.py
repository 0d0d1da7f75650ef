"""Equal inputs give equal bytes, whatever the hash seed and the directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["asm", "ir", "obj"])
def test_hash_seed_does_not_matter(kind: str, tmp_path: Path) -> None:
    seen = set()
    for seed, directory in (("0", ROOT), ("1", tmp_path), ("4242", ROOT)):
        out = tmp_path / f"{kind}{seed}"
        command = [sys.executable, "-m", "altru_ir.backend.cli.opt", "-O2", f"--emit={kind}", "-o", str(out), "-"]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        data = (ROOT / "examples/air/sha256.air").read_bytes()
        subprocess.run(command, input=data, env=environment, cwd=directory, check=True, timeout=120)
        seen.add(out.read_bytes())
    assert len(seen) == 1
    assert len(seen.pop()) > 1000
