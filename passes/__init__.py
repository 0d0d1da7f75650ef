"""Analyses, verifiers and transformations over the IR; they import ``altru_ir`` and nothing above it."""
