"""What a pass is: a small attrs class whose fields are its options, with ``run(module)``.

Example:

    @attrs.define
    class CountOperations(Pass):
        '''Counts.'''
        name = "count-operations"
        def run(self, module): ...

Invariant: a pass leaves a valid module valid.
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from altru_ir.module import Module


@attrs.define
class Pass:
    """Base class. ``name`` is how pipelines call it; the docstring's first line is its summary in ``--list-passes``."""

    name: ClassVar[str] = ""

    def run(self, module: Module) -> None:
        """Changes ``module`` in place."""
        raise NotImplementedError
