"""The C runtime: its sources, how they are built and how they are loaded. Imports nothing else of this project."""
