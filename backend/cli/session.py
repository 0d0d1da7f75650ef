"""One invocation of the command: what was asked, what was read, and what was said.

    session.report(diagnostics)            # to standard error, or into the collection for JSON and SARIF
    with session.timed("parse"): ...       # a row of --timing

Invariant: every diagnostic passes through ``report``, every message in the words of the front-end's language.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from altru_ir.backend.cli.streams import save, say
from altru_ir.diagnostics import Diagnostic
from altru_ir.module import Module
from altru_ir.source import Source

if TYPE_CHECKING:
    from altru_ir.passes.manager import PassManager
    from altru_ir.passes.timing import Timing

FrontEnd = Callable[[Source], Module]
"""Makes a module of the text of another language; raises ``DiagnosticError`` when that has errors."""


class Session:
    """The state of one invocation.

    ``owns_process`` says that the process ends with it; ``front_end``, ``name`` and ``reword`` are those of ``opt.main``.
    """

    def __init__(
        self,
        *,
        owns_process: bool = False,
        front_end: FrontEnd | None = None,
        name: str = "altru-opt",
        reword: Callable[[str], str] | None = None,
    ) -> None:
        self.owns_process = owns_process
        self.reword = reword
        self.front_end = front_end
        self.name = name
        self.options = argparse.Namespace()
        self.sources: dict[str, Source] = {}
        self.text = ""
        self.collected: list[Diagnostic] = []
        self.timing: Timing | None = None
        self.managers: list[PassManager] = []
        self.pipeline: str | None = None
        self.verify_each = False
        self.kept_reproducer: str | None = None

    def loads(self) -> list[str]:
        """The files of passes that were named."""
        options = getattr(self, "options", None)
        return list(options.load_passes) if options is not None else []

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """A row of the table of times, where one is asked for."""
        if self.timing is None:
            yield
            return
        with self.timing.span(what):
            yield

    def said(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics in the words of the front-end's language."""
        return diagnostics if self.reword is None else [each.reworded(self.reword) for each in diagnostics]

    def report(self, diagnostics: list[Diagnostic]) -> None:
        """Shows diagnostics, or keeps them for ``collection``."""
        diagnostics = self.said(diagnostics)
        if self.options.format != "text":
            self.collected += diagnostics
            return
        if not diagnostics:
            return
        from altru_ir.render.terminal import render

        colour = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        say(render(diagnostics, self.sources, colour=colour))

    def collection(self) -> str:
        """The diagnostics in the form for programs that was asked for."""
        if self.options.format == "json":
            from altru_ir.render import json

            return json.render(self.collected)
        from altru_ir import __version__
        from altru_ir.render import sarif

        return sarif.render(self.collected, self.sources, __version__)

    def tell(self) -> None:
        """What was recorded while the passes ran."""
        options = self.options
        if self.timing is not None and options.timing:
            save(options.timing, self.timing.trace())
        elif self.timing is not None:
            say(self.timing.table())
        if options.statistics:
            from altru_ir.passes.remarks import statistics_table

            for manager in self.managers:
                say(statistics_table(manager.statistics))
        if options.remarks:
            from altru_ir.passes.remarks import to_yaml

            save(options.remarks, "".join(to_yaml(manager.remarks) for manager in self.managers))
        if options.checks_listing:
            from altru_ir.passes.listing import listing

            told = [remark for manager in self.managers for remark in manager.remarks]
            save(options.checks_listing, listing(told, self.lines_of))

    def lines_of(self, file: str) -> list[str] | None:
        """The lines of a file that a location names, as text editors count them; None when it is no file to read.

        A location may name anything: a pipe, which has no end, is not opened, and what has zero bytes in it is not shown.
        """
        source = self.sources.get(file)
        if source is not None:
            return source.text.removesuffix("\n").split("\n")
        try:
            if not Path(file).is_file():
                return None
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return None
        return None if "\0" in text else text.removesuffix("\n").split("\n")
