"""The Python on the page about loans does what it says."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "loans.md").read_text()


def test_the_code_runs() -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    scope: dict[str, object] = {}
    exec(compile(block, "docs/loans.md", "exec"), scope)
    assert scope["facts"]
