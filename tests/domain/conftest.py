"""Property tests here are repeatable: the same examples on every run and machine, however busy it is."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, derandomize=True, database=None)
settings.load_profile("domain")
