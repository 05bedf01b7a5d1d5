"""Public: what authors of plugins test with. Conformance classes, a fake panel, a proxy that breaks connections, a
recorder of what a real panel answers, fakes.

    from billhead.testing import FakePanel, ProvisioningConformance

A conformance class is subclassed in the plugin's tests; new releases of core bring new tests to every author.
The fixtures `fake_panel`, `fake_host`, `moving_clock` and `replay` are in `billhead.testing.fixtures`;
`python -m billhead.testing` runs the fake panel, `… record` and `… replay` write and play tapes of a real one.
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
from billhead.testing.receiver import Receiver, receiving
from billhead.testing.recorder import Recorder
from billhead.testing.replay import Replay
from billhead.testing.tape import Tape

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
    "Receiver",
    "Recorder",
    "Replay",
    "Tape",
    "TaxConformance",
    "ThemeConformance",
    "clock",
    "receiving",
]
