"""Lowering: verified IR with its checks in place becomes the text of an LLVM module.

Text, because it says what LLVM's C API wrappers cannot and is an order of magnitude faster to make
(docs/decisions/0003). ``module.py`` drives, ``function.py`` holds the state of one function, ``ops`` has one function
per operation, ``types.py`` the types, ``panics.py`` the cold paths.
"""
