"""Diagnostics for readers: ``terminal`` for people, ``json`` for programs."""
