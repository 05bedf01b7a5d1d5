"""Console keeps what every theme must, and its words can be read on its grounds."""

import pytest

from billhead.plugin import Theme
from billhead.testing import ThemeConformance
from billhead_theme_console.plugin import themes


class TestConsole(ThemeConformance):
    @pytest.fixture
    def theme(self) -> Theme:
        return themes()[0]
