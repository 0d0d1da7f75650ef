"""``python -m bench`` as a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_reader_that_has_gone_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        command = [sys.executable, "-m", "bench", "list"]
        done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, cwd=Path(__file__).parent.parent, check=False)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
