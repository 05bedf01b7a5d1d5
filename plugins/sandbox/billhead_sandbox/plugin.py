"""The entry point: offers the gateway `sandbox_cards`."""

from collections.abc import Sequence

from billhead.plugin import PaymentGateway, hookimpl
from billhead_sandbox.gateway import SandboxCards

API = 1


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [SandboxCards()]
