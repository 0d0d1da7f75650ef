"""Tools for testing: a generator of well-formed programs with a meaning of its own."""
