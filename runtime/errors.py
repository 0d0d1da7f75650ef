"""The one error of this floor: the runtime cannot be had here.

Example: ``RuntimeBuildError("no C compiler: ...")`` is shown as ``error[ALT-S001]: no C compiler: ...``.
"""

from __future__ import annotations


class RuntimeBuildError(Exception):
    """The runtime cannot be found, built or loaded. The message says what, where, why and how to fix it.

    Parameters: ``message``; ``code``, the diagnostic code (``ALT-S001``: compiler or cache, ``ALT-S003``: target,
    ``ALT-S004``: loading).
    """

    def __init__(self, message: str, code: str = "ALT-S001") -> None:
        super().__init__(message)
        self.code = code
