"""What all tests share: Hypothesis without a deadline (a busy machine is no finding), reproducible on every run."""

from hypothesis import settings

settings.register_profile("altru", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("altru")
