"""What ``altru-opt`` can say without a program: versions, passes, codes, and the IR described as data.

Each function returns the text. Example: ``explain("ALT-V001")`` is
``"ALT-V001: A block must end with exactly one terminator.\\n"``.
"""

from __future__ import annotations

from typing import Any

from altru_ir.diagnostics import EXPLANATIONS, page


def versions() -> str:
    """The versions of the command, of the text format and of the runtime's sources."""
    from altru_ir import __version__
    from altru_ir.runtime.build import source_hash
    from altru_ir.text.parser import TEXT_VERSION

    return f"altru-opt {__version__}, text format {TEXT_VERSION}, runtime {source_hash()[:12]}\n"


def passes() -> str:
    """A line for each pass and one for each of its options, then one for each named pipeline."""
    from altru_ir.passes.pipelines import PIPELINES

    lines = []
    for each in _pass_records():
        lines.append(f"{each['name']}: {each['summary']}")
        lines += [f"    {o['name']} ({o['type']}, {o['default']}): {o['says']}" for o in each["options"]]
    lines += [f"{name} = {','.join(steps)}" for name, steps in PIPELINES.items()]
    return "\n".join(lines) + "\n"


def explain(code: str) -> str:
    """What a diagnostic code means, with a program that is refused and one that is not where there are such. Raises
    ``KeyError`` when there is none of this name."""
    more = page(code)
    return f"{code}: {EXPLANATIONS[code]}\n" + ("" if more is None else f"\n{more}")


def program(seed: int, size: int, families: str | None) -> str:
    """A random program. Raises ``ValueError`` for a family that does not exist.

    Parameters: ``families``, names with commas between them; ``native`` stands for all that native code exists for.
    """
    from altru_ir.testing import whole_language

    if families is None:
        return whole_language.generate(seed, size).text
    names = [name.strip() for name in families.split(",")]
    chosen = {name for name in names if name != "native"} | (whole_language.NATIVE if "native" in names else set())
    return whole_language.generate(seed, size, chosen).text


def describe(what: str, *, as_json: bool) -> str:
    """A part of the IR: ``ops``, ``types``, ``grammar``, ``passes``, ``codes``; the JSON schema of ``diagnostics``."""
    from altru_ir import describe as data

    found: Any
    if what == "diagnostics":
        from altru_ir.render.json import schema

        return schema()
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
    from altru_ir.passes.base import FunctionPass, option_texts, options_of
    from altru_ir.passes.registry import OfferError, find, names

    found: list[dict[str, Any]] = []
    for name in names():
        try:
            kind = find(name)
        except OfferError as error:  # of another package: it hurts nobody who does not want it
            found.append({"name": name, "summary": str(error), "level": "unknown", "options": []})
            continue
        texts = option_texts(kind)
        options = [
            {
                "name": f.name.replace("_", "-"),
                "type": getattr(f.type, "__name__", str(f.type)),
                "default": f.default,
                "says": texts.get(f.name, ""),
            }
            for f in options_of(kind)
        ]
        summary = (kind.__doc__ or "").strip().partition("\n")[0]
        level = "function" if issubclass(kind, FunctionPass) else "module"
        found.append({"name": name, "summary": summary, "level": level, "options": options})
    return found
