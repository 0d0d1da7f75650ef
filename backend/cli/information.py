"""What ``altru-opt`` can say without a program: versions, passes, codes, and the IR described as data.

Each function returns the text. Example: ``explain("ALT-V001")`` is
``"ALT-V001: A block must end with exactly one terminator.\\n"``.
"""

from __future__ import annotations

from typing import Any

from altru_ir.diagnostics import EXPLANATIONS


def versions() -> str:
    """The versions of the command, of the text format and of the runtime's sources."""
    from altru_ir import __version__
    from altru_ir.runtime.build import source_hash
    from altru_ir.text.parser import TEXT_VERSION

    return f"altru-opt {__version__}, text format {TEXT_VERSION}, runtime {source_hash()[:12]}\n"


def passes() -> str:
    """A line for each pass and each named pipeline."""
    from altru_ir.passes.pipelines import PIPELINES

    lines = [f"{each['name']}: {each['summary']}" for each in _pass_records()]
    lines += [f"{name} = {','.join(steps)}" for name, steps in PIPELINES.items()]
    return "\n".join(lines) + "\n"


def explain(code: str) -> str:
    """What a diagnostic code means. Raises ``KeyError`` when there is none of this name."""
    return f"{code}: {EXPLANATIONS[code]}\n"


def describe(what: str, *, as_json: bool) -> str:
    """A part of the IR: ``ops``, ``types``, ``grammar``, ``passes`` or ``codes``."""
    from altru_ir import describe as data

    found: Any
    if what == "passes":
        found = _pass_records()
    elif what == "grammar":
        found = {"notation": "EBNF", "grammar": data.GRAMMAR.split("\n")} if as_json else data.GRAMMAR
    else:
        found = {"ops": data.operations, "types": data.type_constructors, "codes": data.codes}[what]()
    if as_json:
        import json

        return json.dumps(found, indent=1) + "\n"
    if isinstance(found, str):
        return found + "\n"
    return "".join(f"{each.get('name') or each['code']}: {each['summary']}\n" for each in found)


def _pass_records() -> list[dict[str, Any]]:
    import attrs

    from altru_ir.passes.registry import PASSES, find

    return [
        {
            "name": name,
            "summary": (find(name).__doc__ or "").strip().splitlines()[0],
            "options": [{"name": f.name, "default": f.default} for f in attrs.fields(find(name))],
        }
        for name in PASSES
    ]
