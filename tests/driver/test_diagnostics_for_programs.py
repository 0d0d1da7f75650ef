"""The JSON and SARIF forms of diagnostics: each conforms to its published schema, whatever is wrong with the program.

SARIF's whole schema is OASIS's to publish; ``PROFILE`` restates, closed to further members, the part of it that is written
here, so that a misspelt member is found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from altru_ir import __version__
from altru_ir.diagnostics import EXPLANATIONS, FAMILIES, Diagnostic, Label
from altru_ir.render import json as to_json
from altru_ir.render import sarif
from altru_ir.source import Location, Source
from tests.driver.test_driver import altru_opt

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "diagnostics.schema.json"

MOVED = """func @f() -> i64 {
^entry:
  %five = const 5 : i64
  %o = new %five : own<i64>
  drop %o
  %place = deref %o
  %n = load %place
  ret %n
}
"""
PROGRAMS = {
    "moved": MOVED,
    "ill-typed": "func @f(%x: i32) -> i64 {\n^entry:\n  %y = add %x, %x\n  ret %y\n}\n",
    "not text": "func @f( {\n",
    "undominated": "func @f() -> i32 {\n^a:\n  br ^c\n^b:\n  %x = const 1 : i32\n  br ^c\n^c:\n  ret %x\n}\n",
    "fine": "func @f() {\n^entry:\n  ret\n}\n",
}


def closed(required: str, **members: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required.split(), "properties": members}


def many(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string", "minLength": 1}
INDEX = {"type": "integer", "minimum": 0}
FROM_ONE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["error", "warning", "note"]}
MESSAGE = closed("text", text=TEXT)
ARTIFACT = {"uri": {"type": "string", "pattern": r"^[\w.~!$&'()*+,;=@%/:-]+$"}}
SNIPPET = closed("text", text={"type": "string"})
REGION = closed("startLine", startLine=FROM_ONE, startColumn=FROM_ONE, endColumn=FROM_ONE, snippet=SNIPPET)
PHYSICAL = closed("artifactLocation", artifactLocation=closed("uri index", index=INDEX, **ARTIFACT), region=REGION)
LOGICAL = closed("name fullyQualifiedName kind", name=TEXT, fullyQualifiedName=TEXT, kind={"const": "function"})
PLACE = closed("", id=INDEX, physicalLocation=PHYSICAL, logicalLocations=many(LOGICAL), message=MESSAGE)
STEPS = closed("locations", locations=many(closed("location", location=PLACE), minItems=1))
FLOW = closed("threadFlows", threadFlows=many(STEPS, minItems=1))
DELETED = closed("charOffset charLength", charOffset=INDEX, charLength=INDEX)
REPLACEMENT = closed(
    "deletedRegion insertedContent", deletedRegion=DELETED, insertedContent=closed("text", text={"type": "string"})
)
CHANGE = closed(
    "artifactLocation replacements",
    artifactLocation=closed("uri index", index=INDEX, **ARTIFACT),
    replacements=many(REPLACEMENT, minItems=1),
)
FIX = closed("description artifactChanges", description=MESSAGE, artifactChanges=many(CHANGE, minItems=1))
RESULT = closed(
    "ruleId ruleIndex level message locations",
    ruleId=TEXT,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations=many(PLACE),
    relatedLocations=many(PLACE, uniqueItems=True),
    codeFlows=many(FLOW),
    fixes=many(FIX),
)
RULE = closed(
    "id shortDescription help",
    id=TEXT,
    shortDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=closed("level", level=LEVEL),
    properties=closed("tags", tags=many(TEXT, uniqueItems=True)),
)
NOTIFICATION = closed(
    "message level",
    descriptor=closed("id", id=TEXT),
    associatedRule=closed("id index", id=TEXT, index=INDEX),
    level=LEVEL,
    message=MESSAGE,
)
RUN = closed(
    "tool results",
    tool=closed("driver", driver=closed("name", name=TEXT, semanticVersion=TEXT, rules=many(RULE, uniqueItems=True))),
    invocations=many(
        closed("executionSuccessful", executionSuccessful={"type": "boolean"}, toolExecutionNotifications=many(NOTIFICATION))
    ),
    columnKind={"const": "unicodeCodePoints"},
    artifacts=many(closed("location", location=closed("uri", **ARTIFACT)), uniqueItems=True),
    results=many(RESULT),
)
PROFILE = closed("version runs", **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": many(RUN, minItems=1)})


def valid(text: str, schema: dict[str, Any]) -> Any:
    found = json.loads(text)
    jsonschema.validate(found, schema)
    return found


def read_sarif(text: str) -> Any:
    """The one run of a log, with every index in it followed."""
    (run,) = valid(text, PROFILE)["runs"]
    rules = run["tool"]["driver"]["rules"]

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            if "ruleIndex" in node:
                assert rules[node["ruleIndex"]]["id"] == node["ruleId"]
            if "associatedRule" in node:
                assert rules[node["associatedRule"]["index"]]["id"] == node["associatedRule"]["id"] == node["descriptor"]["id"]
            if "artifactLocation" in node:
                where = node["artifactLocation"]
                assert run["artifacts"][where["index"]]["location"]["uri"] == where["uri"]
        for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            follow(each)

    follow(run)
    assert [rule["id"] for rule in rules] == sorted({rule["id"] for rule in rules})
    return run


def on(text: str, form: str, path: Path) -> tuple[int, str]:
    path.write_text(text)
    status, out, err = altru_opt("--check", f"--format={form}", str(path))
    assert out == ""
    return status, err


def test_the_schema_is_a_schema_and_described() -> None:
    schema = json.loads(PAGE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(altru_opt("--describe=diagnostics", "--json")[1]) == schema == to_json.SCHEMA
    assert set(schema["$defs"]["diagnostic"]["properties"]) == set(to_json.record(Diagnostic("ALT-P001", "m")))
    assert all(code[4] in FAMILIES for code in EXPLANATIONS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_forms_conform_and_say_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a b#ü.air"
    status, text = on(PROGRAMS[name], "json", path)
    records = valid(text, to_json.SCHEMA)["diagnostics"]
    again, text = on(PROGRAMS[name], "sarif", path)
    run = read_sarif(text)
    assert status == again == (0 if name == "fine" else 1)
    assert len(records) == len(run["results"])
    assert bool(records) == (name != "fine")
    assert run["invocations"] == [{"executionSuccessful": True}]
    for record, result in zip(records, run["results"], strict=True):
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        at = record["location"]
        assert (record["code"], record["severity"]) == (result["ruleId"], result["level"])
        assert result["message"]["text"].startswith(record["message"])
        assert (record["help"] or "") in result["message"]["text"]
        assert unquote(place["physicalLocation"]["artifactLocation"]["uri"]) == f"file://{at['file']}"
        assert (region["startLine"], region["startColumn"], region["endColumn"] - region["startColumn"]) == (
            at["line"], at["column"], at["length"],
        )  # fmt: skip
        assert [place["message"]["text"] for place in result.get("relatedLocations", [])] == [
            label["message"] for label in record["labels"]
        ]


def test_a_history_is_a_code_flow(tmp_path: Path) -> None:
    (result,) = read_sarif(on(MOVED, "sarif", tmp_path / "a.air")[1])["results"]
    ((flow,),) = [each["threadFlows"] for each in result["codeFlows"]]
    steps = [step["location"] for step in flow["locations"]]
    assert [step["physicalLocation"]["region"]["startLine"] for step in steps] == [4, 5, 7]
    assert [step["physicalLocation"]["region"]["snippet"]["text"] for step in steps] == ["%o", "drop", "%n"]
    assert steps[-1]["message"]["text"] == "`%o` is used after it was dropped"


def test_a_fix_mends_the_text(tmp_path: Path) -> None:
    """The replacements, in offsets, make a program of which nothing is said."""
    file = tmp_path / "a.air"
    (result,) = read_sarif(on(MOVED, "sarif", file)[1])["results"]
    text = MOVED
    ((change,),) = [fix["artifactChanges"] for fix in result["fixes"]]
    for each in sorted(change["replacements"], key=lambda r: -r["deletedRegion"]["charOffset"]):
        start = each["deletedRegion"]["charOffset"]
        text = text[:start] + each["insertedContent"]["text"] + text[start + each["deletedRegion"]["charLength"] :]
    assert text != MOVED
    assert read_sarif(on(text, "sarif", file)[1])["results"] == []


def test_further_places_without_an_order_are_no_code_flow(tmp_path: Path) -> None:
    (result,) = read_sarif(on(PROGRAMS["undominated"], "sarif", tmp_path / "a.air")[1])["results"]
    assert result["ruleId"] == "ALT-V002"
    assert result["relatedLocations"]
    assert "codeFlows" not in result


def test_what_fails_outside_of_programs_is_a_notification(tmp_path: Path) -> None:
    status, _, err = altru_opt("--format=sarif", str(tmp_path / "absent.air"))
    assert status == 2
    run = read_sarif(err)
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["descriptor"]["id"] for each in invocation["toolExecutionNotifications"]] == ["ALT-S002"]


def test_places_without_text_line_or_file() -> None:
    known = Source("a.air", "x\n")
    here = Location("a.air", 1)
    diagnostics = [
        Diagnostic("ALT-V001", "no place", function="f"),
        Diagnostic("ALT-V001", "nothing"),
        Diagnostic("ALT-V001", "a whole line", here, "warning"),
        Diagnostic("ALT-F002", "no line", Location("other dir/b.c", 0), labels=(Label(here, "l"),)),
        Diagnostic("ALT-P001", "past the end", Location("\udcff", 9, 3, 0)),
    ]
    valid(to_json.render(diagnostics), to_json.SCHEMA)
    run = read_sarif(sarif.render(diagnostics, {"a.air": known}, __version__))
    first, second, third, fourth, fifth = run["results"]
    assert first["locations"] == [{"logicalLocations": [{"name": "f", "fullyQualifiedName": "@f", "kind": "function"}]}]
    assert second["locations"] == []
    assert third["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "snippet": {"text": "x"}}
    assert "region" not in fourth["locations"][0]["physicalLocation"]
    assert fourth["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.air"
    assert fifth["locations"][0]["physicalLocation"]["region"] == {"startLine": 9, "startColumn": 3, "endColumn": 3}
    assert [each["location"]["uri"] for each in run["artifacts"]] == ["a.air", "other%20dir/b.c", "%FF"]
