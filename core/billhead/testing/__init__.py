"""Public: what authors of plugins test with. Conformance classes, a fake panel, a proxy that breaks connections, fakes.

    from billhead.testing import FakePanel, ProvisioningConformance

A conformance class is subclassed in the plugin's tests; new releases of core bring new tests to every author.
The fixtures `fake_panel`, `fake_host` and `moving_clock` are in `billhead.testing.fixtures`, and
`python -m billhead.testing` runs the fake panel.
"""

from billhead import clock
from billhead.testing.breaking_proxy import Break, BreakingProxy
from billhead.testing.conformance.gateway import GatewayConformance
from billhead.testing.conformance.gateway_faults import GatewayFaults, PayingProvider
from billhead.testing.conformance.notification import NotificationConformance
from billhead.testing.conformance.provisioning import ProvisioningConformance
from billhead.testing.conformance.tax import TaxConformance
from billhead.testing.conformance.theme import ThemeConformance
from billhead.testing.fake_host import FakeHost
from billhead.testing.fake_panel import FakePanel
from billhead.testing.fixtures import MovingClock

__all__ = [
    "Break",
    "BreakingProxy",
    "FakeHost",
    "FakePanel",
    "GatewayConformance",
    "GatewayFaults",
    "MovingClock",
    "NotificationConformance",
    "PayingProvider",
    "ProvisioningConformance",
    "TaxConformance",
    "ThemeConformance",
    "clock",
]
