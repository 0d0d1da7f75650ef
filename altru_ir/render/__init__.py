"""Diagnostics for readers: ``terminal`` for people, ``json`` for programs, ``sarif`` for viewers and services."""
