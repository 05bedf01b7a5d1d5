"""Lounge keeps what every theme must, and its words can be read on its grounds."""

import pytest

from billhead.plugin import Theme
from billhead.testing import ThemeConformance
from billhead_theme_lounge.plugin import themes


class TestLounge(ThemeConformance):
    @pytest.fixture
    def theme(self) -> Theme:
        return themes()[0]
