"""The command: ``python -m examples.toy FILE`` with the flags of ``altru-opt``."""

import sys

from altru_ir import backend
from examples.toy.compiler import translate
from examples.toy.syntax import reword

sys.exit(backend.command(translate, "toy", reword=reword))
