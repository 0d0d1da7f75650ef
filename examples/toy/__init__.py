"""A language in an hour: integers, booleans, strings, arrays, structs, functions and loops, on the public API alone.

``syntax`` is its grammar, ``compiler`` everything else, ``programs/`` what can be said in it; docs/tutorial.md builds it step
by step.

    python -m examples.toy --run examples/toy/programs/primes.toy
"""
