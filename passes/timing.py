"""Where the time of a run goes: a table for people, a trace for the viewer of Chrome (chrome://tracing, Perfetto, speedscope).

    timing = Timing()
    with timing.span("parse"): ...
    timing.table()         #   12.34 ms  61.7 %  parse
    timing.trace()         # JSON of "complete" events, in microseconds from the first

Invariant: spans are in the order in which they ended, and a span that another one encloses counts for both.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs


@attrs.frozen
class Span:
    """What ran, of which kind (``pass``, or a step of the command), from when on, how long; seconds."""

    name: str
    kind: str
    begin: float
    duration: float
    depth: int


@attrs.define
class Timing:
    """A recording."""

    spans: list[Span] = attrs.Factory(list)
    _depth: int = 0

    @contextmanager
    def span(self, name: str, kind: str = "step") -> Iterator[None]:
        """Records what happens within, also when it ends with an exception."""
        begin = time.perf_counter()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self.spans.append(Span(name, kind, begin, time.perf_counter() - begin, self._depth))

    def table(self) -> str:
        """A line for each span, in the order of their beginnings, and the sum of the outermost."""
        total = sum(each.duration for each in self.spans if each.depth == 0)
        lines = []
        for each in sorted(self.spans, key=lambda each: (each.begin, each.depth)):
            share = 100 * each.duration / total if total else 0.0
            lines.append(f"{each.duration * 1000:10.2f} ms  {share:5.1f} %  {'  ' * each.depth}{each.name}\n")
        lines.append(f"{total * 1000:10.2f} ms  100.0 %  total\n")
        return "".join(lines)

    def trace(self) -> str:
        """The recording in Chrome's trace event format."""
        zero = min((each.begin for each in self.spans), default=0.0)
        events = [
            {
                "name": each.name, "cat": each.kind, "ph": "X", "pid": os.getpid(), "tid": 0,
                "ts": round((each.begin - zero) * 1e6, 3), "dur": round(each.duration * 1e6, 3),
            }
            for each in sorted(self.spans, key=lambda each: (each.begin, each.depth))
        ]  # fmt: skip
        return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}, indent=1) + "\n"
