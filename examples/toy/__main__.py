"""The command: ``python -m examples.toy FILE`` with the flags of ``altru-opt``."""

import sys

from altru_ir import backend
from examples.toy.compiler import translate

sys.exit(backend.command(translate, "toy"))
