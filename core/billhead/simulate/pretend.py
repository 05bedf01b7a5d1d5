"""Stand-ins for everything outside: gateways that follow the payers' habits, panels that are always in step, channels
that send nothing. Tax engines and invoice rules are the operator's own: they are pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from billhead.domain.errors import Conflict
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.plugin import (
    Access,
    AttemptView,
    Capabilities,
    Desired,
    Event,
    Expiry,
    Found,
    Free,
    GatewayCapabilities,
    Gone,
    LookUp,
    NotificationChannel,
    Observed,
    Outcome,
    PanelConnection,
    PaymentGateway,
    PeriodicJob,
    ProvisioningModule,
    RawCallback,
    RefundView,
    SavedMethod,
    Verified,
)
from billhead.plugin_host import PluginHost
from billhead.simulate.habits import Habits

__all__ = ["PretendHost"]

_PURE = frozenset({"tax_engines", "invoice_rules", "price_rules", "themes", "reports"})
"""Hooks whose objects neither call nor write; of all others a simulation has none."""


class PretendHost(PluginHost):
    """The operator's plugins, with everything that reaches out replaced."""

    def __init__(self, real: PluginHost, habits: Habits) -> None:
        super().__init__(real.all())
        self.habits = habits

    def offers(self, hook: str) -> list[tuple[str, Any]]:
        stand_in = {"provisioning_modules": self.module, "payment_gateways": self.gateway}.get(hook)
        if stand_in is not None:
            return [(plugin, stand_in(thing.code)) for plugin, thing in super().offers(hook)]
        return super().offers(hook) if hook in _PURE else []

    def module(self, code: str) -> ProvisioningModule:
        return _Panel(super().module(code))

    def gateway(self, code: str) -> PaymentGateway:
        return _Gateway(super().gateway(code), self.habits)

    def channel(self, code: str) -> NotificationChannel:
        return _Silent(code)

    def periodic_jobs(self) -> list[tuple[str, PeriodicJob]]:
        return []

    def observers(self) -> list[str]:
        return []

    def deliver(self, plugin_name: str, event: Event) -> None:
        raise Conflict(f"a simulation hands no event to {plugin_name}")


@dataclass
class _Gateway(PaymentGateway):
    """Decides at once. Staff may book on it, which is how those who pay by hand are booked."""

    real: PaymentGateway
    habits: Habits

    def __post_init__(self) -> None:
        self.code, self.label, self.settings_type = self.real.code, self.real.label, self.real.settings_type

    def capabilities(self) -> GatewayCapabilities:
        return replace(self.real.capabilities(), confirmed_by_staff=True)

    def charge_saved(self, account: Any, attempt: AttemptView, method: SavedMethod) -> Outcome:
        return self.lookup(account, attempt)

    def lookup(self, account: Any, attempt: AttemptView) -> Outcome:
        reference = attempt.provider_ref or f"pretend-{attempt.key}"
        if self.habits.charge_succeeds(attempt.customer_ref, attempt.key):
            return Outcome(AttemptState.SUCCEEDED, reference, attempt.amount)
        hard = self.habits.decline_is_hard(attempt.key)
        why = DeclineClass.HARD if hard else DeclineClass.SOFT
        return Outcome(AttemptState.FAILED, reference, decline=why, code="pretend_decline")

    def start_checkout(self, account: Any, attempt: AttemptView) -> Any:
        raise Conflict("nobody opens a checkout in a simulation")

    def forget_saved(self, account: Any, method: SavedMethod) -> None:
        """A copy takes nothing away from its original."""

    def refund(self, account: Any, refund: RefundView) -> Outcome:
        return Outcome(AttemptState.SUCCEEDED, f"pretend-{refund.key}", refund.amount)

    def lookup_refund(self, account: Any, refund: RefundView) -> Outcome:
        return self.refund(account, refund)

    def parse_callback(self, account: Any, raw: RawCallback) -> list[Verified]:
        return []

    def acknowledge(self, raw: RawCallback) -> bytes:
        return b""


@dataclass
class _Panel(ProvisioningModule):
    """Every line is there and as it should be: what is asked for has come true before it is asked."""

    real: ProvisioningModule
    shown: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.code, self.label, self.settings_type = self.real.code, self.real.label, self.real.settings_type

    def capabilities(self, panel: PanelConnection) -> Capabilities:
        # nobody watches a copy
        able = replace(self.real.capabilities(panel), viewings=frozenset(), live=False, kick=False)
        return replace(able, expiry=Expiry.SETTABLE) if able.expiry is Expiry.PURCHASED else able

    def look_up(self, panel: PanelConnection, desired: Desired) -> LookUp:
        return Found(_as_wanted(desired))

    def plan(self, panel: PanelConnection, desired: Desired, found: Observed | None) -> Sequence[Free]:
        return []

    def apply(self, panel: PanelConnection, step: Free) -> Observed:
        return _as_wanted(step.desired)

    def remove(self, panel: PanelConnection, desired: Desired) -> Gone:
        return Gone()

    def access(self, panel: PanelConnection, desired: Desired) -> Access:
        return self.real.access(panel, desired)

    def check(self, panel: PanelConnection) -> str:
        return "pretended"


def _as_wanted(desired: Desired) -> Observed:
    return Observed(
        handle_data=desired.handle.data,
        login=desired.login,
        password=desired.password,
        mac=desired.mac,
        plan=desired.plan,
        bouquets=desired.bouquets,
        connections=desired.connections,
        expires_at=desired.expires_at,
        blocked=desired.blocked,
    )


@dataclass
class _Silent(NotificationChannel):
    code: str
    label: str = "Nothing is sent"
    settings_type: type = object

    def send(self, connection: Any, message: Any) -> None:
        """Counted by its notice, which says sent."""
