"""Measurements: one file per question, run by ``python -m bench``."""
