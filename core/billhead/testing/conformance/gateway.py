"""What every payment gateway must do: replayed, reordered and forged callbacks, one charge per key, honest timeouts.

class TestAcmePay(GatewayConformance):
    @pytest.fixture
    def gateway(self): return AcmePay()

    @pytest.fixture
    def account(self, provider): return GatewayConnection("acme", AcmeSettings(…), HttpClient("acme"), "https://…")

    def genuine_callback(self, account, attempt, event): return RawCallback(…)   # signed as the provider signs it
    def charges(self, attempt): return provider.charges[attempt.key]             # how often it was charged there
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import ClassVar

import pytest

from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.plugin import (
    AttemptState,
    AttemptView,
    CallbackForged,
    ClientToken,
    GatewayConnection,
    GatewayUnreachable,
    Instructions,
    Outcome,
    OutcomeUnknown,
    PaymentGateway,
    RawCallback,
    Redirect,
    RefundView,
    SavedMethod,
)
from billhead.testing.breaking_proxy import Break, BreakingProxy
from billhead.testing.forging import GARBAGE, forgeries
from billhead.testing.secrecy import assert_secret, secrets_of, told

__all__ = ["GatewayConformance"]

_numbers = count(1)
_ACTED = (Break.BEFORE_ANSWER, Break.MID_HEADER, Break.MID_BODY)


class GatewayConformance:
    """Override the fixtures `gateway` and `account`, `genuine_callback`, and where it can charge again the rest."""

    amount: ClassVar[Money] = Money(1190, "EUR")  # what the attempts are for
    fields: ClassVar[Mapping[str, str]] = {}  # what a payer has typed, as the gateway's `checkout_fields` clean it
    signed: ClassVar[bool] = True  # its callbacks are; those of others are proven by their address

    @pytest.fixture
    def gateway(self) -> PaymentGateway:
        raise NotImplementedError("override the fixture `gateway`: return your PaymentGateway")

    @pytest.fixture
    def account(self) -> GatewayConnection:
        raise NotImplementedError("override the fixture `account`: return a GatewayConnection to a test provider")

    def genuine_callback(self, account: GatewayConnection, attempt: AttemptView, event: str) -> RawCallback | None:
        """A callback about `attempt` as the provider signs it, `event` being its id there; None = it sends none."""
        raise NotImplementedError("override genuine_callback(); return None if the provider sends no callbacks")

    def charges(self, attempt: AttemptView) -> int:
        """How often the provider charged under `attempt.key`. Asked only if the gateway charges off session."""
        raise NotImplementedError("override charges(): how often did the test provider charge this key?")

    @pytest.fixture
    def saved_method(self) -> SavedMethod:
        raise NotImplementedError("override the fixture `saved_method`: a token that the test provider accepts")

    @pytest.fixture
    def attempt(self) -> AttemptView:
        return self.new_attempt()

    def new_attempt(self) -> AttemptView:
        """An attempt that the provider has never seen."""
        number = next(_numbers)
        return AttemptView(
            key=f"conformance-{number}",
            amount=self.amount,
            description="TV, one month",
            customer_ref=f"customer-{number}",
            customer_name="Ada Example",
            customer_email="ada@example.org",
            return_url="https://shop.example.org/back",
            cancel_url="https://shop.example.org/cancel",
            fields=self.fields,
            short_reference=f"ORDER{number}",
        )

    # -- with the payer present ---------------------------------------------------------------------------------------

    def test_it_is_a_gateway(self, gateway: PaymentGateway) -> None:
        assert isinstance(gateway, PaymentGateway)
        assert gateway.code == gateway.code.lower()
        assert gateway.label
        assert gateway.capabilities() == gateway.capabilities()

    def test_the_payer_learns_what_to_do(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        start = gateway.start_checkout(account, attempt)
        assert isinstance(start, Redirect | Instructions | ClientToken)
        if isinstance(start, Instructions):
            assert start.lines, "instructions without a line tell the payer nothing"
        else:
            assert start.provider_ref, "without provider_ref the attempt can't be looked up"

    def test_what_nobody_paid_has_not_succeeded(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        start = gateway.start_checkout(account, attempt)
        outcome = gateway.lookup(account, replace(attempt, provider_ref=start.provider_ref))
        assert outcome.state is not AttemptState.SUCCEEDED

    # -- callbacks ----------------------------------------------------------------------------------------------------

    def _callback(self, account: GatewayConnection, attempt: AttemptView, event: str) -> Iterator[RawCallback]:
        raw = self.genuine_callback(account, attempt, event)
        if raw is not None:
            yield raw

    def test_a_genuine_callback_names_its_attempt(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        for raw in self._callback(account, attempt, "evt-1"):
            facts = gateway.parse_callback(account, raw)
            assert [fact.reference for fact in facts] == [attempt.key] * len(facts)
            assert facts, "a genuine callback about a payment proves something"
            assert all(fact.event_id for fact in facts), "event_id is what makes a replay harmless"
            assert isinstance(gateway.acknowledge(raw), bytes)

    def test_a_replayed_callback_has_the_same_event_id(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        for raw in self._callback(account, attempt, "evt-1"):
            assert gateway.parse_callback(account, raw) == gateway.parse_callback(account, raw)

    def test_reordered_callbacks_say_the_same(self, gateway: PaymentGateway, account: GatewayConnection) -> None:
        raws = [raw for n in (1, 2) for raw in self._callback(account, self.new_attempt(), f"evt-{n}")]
        forwards = [gateway.parse_callback(account, raw) for raw in raws]
        backwards = [gateway.parse_callback(account, raw) for raw in reversed(raws)]
        assert forwards == backwards[::-1]
        ids = [fact.event_id for facts in forwards for fact in facts]
        assert len(set(ids)) == len(ids), "two messages must not share an event_id"

    def test_a_forged_callback_is_refused(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        for raw in self._callback(account, attempt, "evt-1"):
            for one in forgeries(raw, signed=self.signed):
                with pytest.raises(CallbackForged):
                    gateway.parse_callback(account, one)

    def test_garbage_is_refused(self, gateway: PaymentGateway, account: GatewayConnection) -> None:
        any_callback = next(self._callback(account, self.new_attempt(), "evt-1"), None)
        for body in GARBAGE:
            raw = any_callback or _nobodys_callback()
            with pytest.raises(CallbackForged):
                gateway.parse_callback(account, replace(raw, body=body, headers={}, query=""))

    # -- without the payer: never twice, never guessed ----------------------------------------------------------------

    def test_the_same_key_charges_once(
        self, gateway: PaymentGateway, account: GatewayConnection, request: pytest.FixtureRequest
    ) -> None:
        if not gateway.capabilities().off_session:
            return
        attempt, method = self.new_attempt(), request.getfixturevalue("saved_method")
        first = gateway.charge_saved(account, attempt, method)
        assert gateway.charge_saved(account, attempt, method) == first
        assert self.charges(attempt) == 1

    @pytest.mark.parametrize("at", _ACTED)
    def test_a_lost_answer_is_unknown_and_found_by_looking(
        self, gateway: PaymentGateway, account: GatewayConnection, request: pytest.FixtureRequest, at: Break
    ) -> None:
        if not gateway.capabilities().off_session:
            return
        attempt, method = self.new_attempt(), request.getfixturevalue("saved_method")
        with BreakingProxy() as proxy:
            proxy.break_all(at)
            lost = _outcome(lambda: gateway.charge_saved(_through(account, proxy), attempt, method))
        assert lost == "unknown", f"the answer was lost ({at}) and charge_saved said {lost}"
        seen = gateway.lookup(account, attempt)
        assert seen.state in (AttemptState.SUCCEEDED, AttemptState.PROCESSING, AttemptState.UNKNOWN)
        gateway.charge_saved(account, attempt, method)
        assert self.charges(attempt) == 1

    def test_what_was_not_sent_is_unreachable(
        self, gateway: PaymentGateway, account: GatewayConnection, request: pytest.FixtureRequest
    ) -> None:
        if not gateway.capabilities().off_session:
            return
        attempt, method = self.new_attempt(), request.getfixturevalue("saved_method")
        with BreakingProxy() as proxy:
            proxy.break_all(Break.BEFORE_SEND)
            with pytest.raises(GatewayUnreachable):
                gateway.charge_saved(_through(account, proxy), attempt, method)
        assert self.charges(attempt) == 0

    def test_the_same_key_refunds_once(
        self, gateway: PaymentGateway, account: GatewayConnection, request: pytest.FixtureRequest
    ) -> None:
        able = gateway.capabilities()
        if not (able.refund and able.off_session):
            return
        attempt, method = self.new_attempt(), request.getfixturevalue("saved_method")
        charged = gateway.charge_saved(account, attempt, method)
        refund = RefundView(f"refund-{attempt.key}", attempt.amount, charged.provider_ref, "asked for")
        first = gateway.refund(account, refund)
        second = gateway.refund(account, replace(refund, provider_ref=first.provider_ref))
        assert first.provider_ref == second.provider_ref
        assert first.amount in (None, attempt.amount)

    def test_what_is_forgotten_twice_is_no_error(
        self, gateway: PaymentGateway, account: GatewayConnection, request: pytest.FixtureRequest
    ) -> None:
        if not gateway.capabilities().forget:
            return
        attempt, method = self.new_attempt(), request.getfixturevalue("saved_method")
        for _ in range(2):
            gateway.forget_saved(account, method)
        with suppress(BillheadError):
            assert gateway.charge_saved(account, attempt, method).state is not AttemptState.SUCCEEDED
        assert self.charges(attempt) == 0

    def test_the_names_of_a_method_are_told_without_asking(
        self, gateway: PaymentGateway, request: pytest.FixtureRequest
    ) -> None:
        if not gateway.capabilities().forget:
            return
        names = gateway.names_of(request.getfixturevalue("saved_method"))
        assert 1 <= len(names) <= 2
        assert all(names)

    def test_no_secret_is_told(
        self,
        gateway: PaymentGateway,
        account: GatewayConnection,
        attempt: AttemptView,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("DEBUG")
        start = gateway.start_checkout(account, attempt)
        started, said = replace(attempt, provider_ref=start.provider_ref), [repr(account), repr(start)]
        with BreakingProxy() as proxy:
            for at in Break:
                proxy.break_all(at)
                broken = _through(account, proxy)
                for call in (
                    partial(gateway.lookup, broken, started),
                    partial(gateway.start_checkout, broken, self.new_attempt()),
                ):
                    try:
                        said.append(repr(call()))
                    except BillheadError as error:
                        said.append(told(error))
        assert_secret(secrets_of(account.settings), [*said, caplog.text])


def _through(account: GatewayConnection, proxy: BreakingProxy) -> GatewayConnection:
    return replace(account, http=account.http.through(proxy.transport()))


def _outcome(call: Callable[[], Outcome]) -> str:
    try:
        return str(call().state)
    except OutcomeUnknown:
        return "unknown"


def _nobodys_callback() -> RawCallback:
    from billhead import clock

    return RawCallback(path="/callbacks/x", query="", headers={}, body=b"", received_at=clock.now())
