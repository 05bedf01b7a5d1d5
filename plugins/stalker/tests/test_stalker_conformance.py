"""What every middleware module must do, against a sandbox portal whose plans all offer the same optional packages."""

from collections.abc import Iterator

import pytest

from billhead.plugin import Catalogue, HttpClient, PanelConnection
from billhead.testing import ProvisioningConformance
from billhead_sandbox.panel.catalogue import DEFAULT
from billhead_sandbox.panel.catalogue import Catalogue as Offer
from billhead_sandbox.panel.server import start
from billhead_stalker.module import StalkerModule
from billhead_stalker.settings import StalkerSettings


class TestStalkerConforms(ProvisioningConformance):
    portal_ends_lines = True
    keep_records = False

    @pytest.fixture
    def module(self) -> StalkerModule:
        return StalkerModule()

    @pytest.fixture
    def panel(self) -> Iterator[PanelConnection]:
        plans = [{**plan, "optional": [4, 5, 6]} for plan in DEFAULT["stalker_plans"]]
        settings = {"stalker": {"enable_internal_billing": self.portal_ends_lines, "password": "api-secret"}}
        with start(catalogue=Offer({"stalker_plans": plans, "settings": settings})) as portal:
            http = HttpClient("the portal", timeout_seconds=5)
            yield PanelConnection("portal", self.settings(portal.url), http)
            http.close()

    @pytest.fixture
    def catalogue(self, module: StalkerModule, panel: PanelConnection) -> Catalogue:
        """A plan is wanted by its external id, so that is its name here."""
        offered = module.catalogue(panel)
        return Catalogue({external_id: external_id for external_id in offered.plans}, offered.bouquets)

    def settings(self, url: str) -> StalkerSettings:
        return StalkerSettings(
            f"{url}/stalker_portal",
            "stalker",
            "api-secret",
            "Asia/Kolkata",
            portal_ends_lines=self.portal_ends_lines,
            keep_records=self.keep_records,
        )


class TestStalkerConformsWhereBillingEndsLinesAndAccountsAreKept(TestStalkerConforms):
    portal_ends_lines = False
    keep_records = True
