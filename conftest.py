"""What every test of this tree may ask for: databases, brokers, and the rule that CI skips nothing.

The fixtures are in tests/support/. This file is at the root so that the tests of plugins and themes have them too.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from roomy import memory_or_disk

pytest_plugins = [
    "databases", "servers", "apps", "processes", "pretend_plugins", "two_panels", "selling_shop", "web_shop",
    "reseller_area", "white_label", "peopled",
    "no_skips", "one_clock", "one_cache", "card_numbers",
]  # fmt: skip

# The same examples on every run; `--full` draws new ones, and many more.
_SLOW_MACHINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("house", derandomize=True, **_SLOW_MACHINE)
settings.register_profile("full", max_examples=2000, print_blob=True, **_SLOW_MACHINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="also run the long tests: many seeds, many days")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("full" if config.getoption("--full") else "house")
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory_or_disk()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests are left out, not skipped: a skip would be something that could not run."""
    if config.getoption("--full"):
        return
    left_out = [item for item in items if item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("full")]
