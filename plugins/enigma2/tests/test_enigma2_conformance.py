"""What every middleware module must do, done against the sandbox panel."""

import pytest

from billhead.testing import ProvisioningConformance
from billhead_enigma2.module import EnigmaModule


class TestEnigma2(ProvisioningConformance):
    @pytest.fixture
    def module(self, delivery):
        return EnigmaModule(lambda: delivery)

    @pytest.fixture
    def panel(self, connected):
        return connected
