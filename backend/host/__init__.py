"""The host's side of compiled code: Python values in and out, buffers without a copy, callables as externs.

``values`` says which Python value is which value of the language, ``buffers`` borrows memory of the host, ``calls`` writes
the Python function for a signature, ``callbacks`` goes the other way.
"""
