"""Generated files are what the declarations say."""

from __future__ import annotations

from altru_ir.generate import generated


def test_generated_files_are_current() -> None:
    for path, text in generated().items():
        assert path.read_text() == text, f"{path.name} is not current: run `make generate`"
