"""Midnight keeps what every theme must, and its words can be read on its grounds."""

from collections.abc import Sequence

import pytest

from billhead.plugin import Theme
from billhead.testing import ThemeConformance
from billhead_theme_lounge.plugin import themes as lounge
from billhead_theme_midnight.plugin import themes


class TestMidnight(ThemeConformance):
    @pytest.fixture
    def theme(self) -> Theme:
        return themes()[0]

    @pytest.fixture
    def parents(self) -> Sequence[Theme]:
        return lounge()
