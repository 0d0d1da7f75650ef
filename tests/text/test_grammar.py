"""The published grammar against the parser and the printer: what it derives is read, and what is printed it derives."""

from __future__ import annotations

import random
import re

import pytest

import altru_ir as air
from altru_ir.describe import GRAMMAR
from altru_ir.testing import whole_language
from altru_ir.text import lexer
from tests.text.ebnf import CLASSES, SAMPLES, Grammar

GRAMMAR_OF_TEXT = Grammar(GRAMMAR)
OF_GRAMMAR = {"ALT-P001", "ALT-P004", "ALT-P006"}
"""The codes that say: this is no sentence."""


def complaints(tokens: list[str]) -> list[str]:
    """What the parser has against the grammar of a sentence; names that nothing defines and the like are not of the grammar."""
    try:
        air.parse(" ".join(tokens))
    except air.DiagnosticError as error:
        return [str(each) for each in error.diagnostics if each.code in OF_GRAMMAR]
    return []


def test_the_grammar_is_read_whole() -> None:
    assert GRAMMAR_OF_TEXT.informal == {"comment", "format"}
    for name, samples in SAMPLES.items():
        assert all(re.fullmatch(CLASSES[name], sample) for sample in samples), name
    named = re.findall(r"(?<!^)\b[A-Za-z]+\b(?! *= )", re.sub(r'"(?:\\.|[^"\\])*"', "", GRAMMAR), re.MULTILINE)
    assert set(GRAMMAR_OF_TEXT.rules) - {"text"} <= set(named)


@pytest.mark.parametrize("rule", ["struct", "enum", "global", "function"])
def test_derived_declarations_are_read(rule: str) -> None:
    choose = random.Random(rule)
    lengths = []
    for _ in range(250):
        tokens = GRAMMAR_OF_TEXT.derive(rule, choose)
        lengths.append(len(tokens))
        assert complaints(tokens) == [], " ".join(tokens)
    assert max(lengths) > 40


def test_derived_texts_are_read() -> None:
    choose = random.Random(5)
    for _ in range(60):
        tokens = GRAMMAR_OF_TEXT.derive("text", choose, depth=14)
        if tokens[:1] == ["altru"]:
            tokens[1] = "1"
        assert complaints(tokens) == [], " ".join(tokens)


def test_every_operation_is_derived_and_read() -> None:
    choose = random.Random(9)
    for name in GRAMMAR_OF_TEXT.formats:
        for _ in range(12):
            operation = GRAMMAR_OF_TEXT.operation(choose, name)
            text = ["func", "@f", "(", ")", "{", "^entry", ":", *operation, "}"]
            assert complaints(text) == [], " ".join(operation)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_printed_is_derived(seed: int) -> None:
    module = whole_language.generate(seed, 3).module
    for text in (str(module), module.text(locations=True)):
        tokens = lexer.tokenize(text)
        tokens = tokens[: tokens.index("")]
        assert GRAMMAR_OF_TEXT.accepts("text", tokens)


def test_what_is_no_sentence_is_not_derived() -> None:
    good = lexer.tokenize("func @f(%x: i32) -> i32 { ^entry: %y = add %x, %x ret %y }")[:21]
    assert GRAMMAR_OF_TEXT.accepts("text", good)
    choose = random.Random(3)
    refused = 0
    for _ in range(300):
        bad = list(good)
        at = choose.randrange(len(bad))
        if choose.random() < 0.5:
            del bad[at]
        else:
            bad[at] = choose.choice(good)
        derived = GRAMMAR_OF_TEXT.accepts("text", bad)
        refused += not derived
        assert not derived or complaints(bad) == [], " ".join(bad)
    assert refused > 150
