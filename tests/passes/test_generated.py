"""The pages of docs/passes/ are what the headers of the passes say."""

from __future__ import annotations

from altru_ir.passes.generate import generated


def test_the_pages_are_current() -> None:
    pages = generated()
    for path, text in pages.items():
        assert path.exists(), f"{path.name} is missing: run `make generate`"
        assert path.read_text() == text, f"{path.name} is not current: run `make generate`"
    assert set(next(iter(pages)).parent.iterdir()) == set(pages), "a page of a pass that is gone: run `make generate`"


def test_the_pages_say_something() -> None:
    for path, text in generated().items():
        assert len(text) > 500, path.name
        assert "``" not in text, path.name
