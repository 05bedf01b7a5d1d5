"""The kit, held against a module whose panel sells time for credits; and it catches modules that buy carelessly."""

import pytest
from selling_panel import SellingModule, SellingSettings

from billhead.plugin import HttpClient, PanelConnection
from billhead.testing import FakePanel, ProvisioningConformance


class TestSelling(ProvisioningConformance):
    @pytest.fixture
    def module(self):
        return SellingModule()

    @pytest.fixture
    def panel(self):
        with FakePanel() as server:
            http = HttpClient("selling", timeout_seconds=5)
            yield PanelConnection("selling", SellingSettings(server.url, server.token), http)
            http.close()
