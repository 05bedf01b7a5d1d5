"""What every middleware module must do, done against the sandbox panel."""

import pytest

from billhead.testing import ProvisioningConformance
from billhead_xtream.module import XtreamModule


class TestXtream(ProvisioningConformance):
    @pytest.fixture
    def module(self):
        return XtreamModule()

    @pytest.fixture
    def panel(self, connect):
        return connect()


class TestClassic(ProvisioningConformance):
    @pytest.fixture
    def module(self):
        return XtreamModule()

    @pytest.fixture
    def panel(self, classic, sandbox):
        sandbox.state.change_settings({"classic": {"api_pass": "only-we-know"}})
        return classic(api_pass="only-we-know")


class TestReseller(ProvisioningConformance):
    @pytest.fixture
    def module(self):
        return XtreamModule()

    @pytest.fixture
    def panel(self, connect, sandbox):
        sandbox.state.store.run("UPDATE users SET credits = 10000")
        return connect(url=f"{sandbox.url}/resell/", api_key="fedcba9876543210fedcba9876543210", dialect="xui_reseller")
