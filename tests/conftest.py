"""What all tests share: Hypothesis without a deadline (a busy machine is no finding), reproducible on every run; and
interrupts that interrupt, also where the tests were started in the background, which ignores them."""

import signal

from hypothesis import settings

settings.register_profile("altru", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("altru")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
