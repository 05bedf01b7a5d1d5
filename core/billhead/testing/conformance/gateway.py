"""What every payment gateway must do: replayed, reordered and forged callbacks, one charge per key, honest timeouts.

class TestAcmePay(GatewayConformance):
    claims = AcmePay().capabilities()

    @pytest.fixture
    def gateway(self): return AcmePay()

    @pytest.fixture
    def account(self, provider): return GatewayConnection("acme", AcmeSettings(…), HttpClient("acme"), "https://…")

    def genuine_callback(self, account, attempt, event): return RawCallback(…)   # signed as the provider signs it
    def charges(self, attempt): return provider.charges[attempt.key]             # how often it was charged there

What a gateway does not claim is not collected; what it claims is, all of it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, ClassVar

import pytest

from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.plugin import (
    AttemptState,
    AttemptView,
    CallbackForged,
    ClientToken,
    GatewayCapabilities,
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


def needs(*claims: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The test is one of gateways that claim all of these; "callbacks" is for those whose provider sends any."""

    def mark(test: Callable[..., Any]) -> Callable[..., Any]:
        test.needs = claims  # type: ignore[attr-defined]
        return test

    return mark


class GatewayConformance:
    """Say what it `claims`, override the fixtures `gateway` and `account`, `genuine_callback`, and where it can charge
    again the rest."""

    claims: ClassVar[GatewayCapabilities] = GatewayCapabilities()  # as the gateway's `capabilities()` says
    calls_back: ClassVar[bool] = True  # its provider sends callbacks
    amount: ClassVar[Money] = Money(1190, "EUR")  # what the attempts are for
    fields: ClassVar[Mapping[str, str]] = {}  # what a payer has typed, as the gateway's `checkout_fields` clean it
    signed: ClassVar[bool] = True  # its callbacks are; those of others are proven by their address

    def __init_subclass__(cls) -> None:
        """Tests of what is not claimed are taken out, so that pytest does not collect them."""
        super().__init_subclass__()
        for name, test in vars(GatewayConformance).items():
            applies = all(
                cls.calls_back if claim == "callbacks" else getattr(cls.claims, claim)
                for claim in getattr(test, "needs", ())
            )
            if not applies:
                setattr(cls, name, None)
            elif getattr(cls, name) is None:  # a class above this one claims less
                setattr(cls, name, test)

    @pytest.fixture
    def gateway(self) -> PaymentGateway:
        raise NotImplementedError("override the fixture `gateway`: return your PaymentGateway")

    @pytest.fixture
    def account(self) -> GatewayConnection:
        raise NotImplementedError("override the fixture `account`: return a GatewayConnection to a test provider")

    def genuine_callback(self, account: GatewayConnection, attempt: AttemptView, event: str) -> RawCallback:
        """A callback about `attempt` as the provider signs it, `event` being its id there."""
        raise NotImplementedError("override genuine_callback(), or say `calls_back = False`")

    def charges(self, attempt: AttemptView) -> int:
        """How often the provider charged under `attempt.key`. Asked only if the gateway charges off session."""
        raise NotImplementedError("override charges(): how often did the test provider charge this key?")

    @pytest.fixture
    def saved_method(self) -> SavedMethod:
        raise NotImplementedError("override the fixture `saved_method`: a token that the test provider accepts")

    @pytest.fixture
    def paid(self, gateway: PaymentGateway, account: GatewayConnection, request: pytest.FixtureRequest) -> AttemptView:
        """An attempt that is paid, with the provider's reference. Asked only if the gateway refunds."""
        if not self.claims.off_session:
            raise NotImplementedError("override the fixture `paid`: let the test provider's payer pay an attempt")
        attempt = self.new_attempt()
        charged = gateway.charge_saved(account, attempt, request.getfixturevalue("saved_method"))
        return replace(attempt, provider_ref=charged.provider_ref)

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
        assert gateway.capabilities() == self.claims, "say claims = YourGateway().capabilities() on the test class"

    def test_the_payer_learns_what_to_do(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        start = gateway.start_checkout(account, attempt)
        assert isinstance(start, Redirect | Instructions | ClientToken | Outcome)
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

    @needs("callbacks")
    def test_a_genuine_callback_names_its_attempt(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        raw = self.genuine_callback(account, attempt, "evt-1")
        facts = gateway.parse_callback(account, raw)
        assert [fact.reference for fact in facts] == [attempt.key] * len(facts)
        assert facts, "a genuine callback about a payment proves something"
        assert all(fact.event_id for fact in facts), "event_id is what makes a replay harmless"
        assert isinstance(gateway.acknowledge(raw), bytes)

    @needs("callbacks")
    def test_a_replayed_callback_has_the_same_event_id(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        raw = self.genuine_callback(account, attempt, "evt-1")
        assert gateway.parse_callback(account, raw) == gateway.parse_callback(account, raw)

    @needs("callbacks")
    def test_reordered_callbacks_say_the_same(self, gateway: PaymentGateway, account: GatewayConnection) -> None:
        raws = [self.genuine_callback(account, self.new_attempt(), f"evt-{n}") for n in (1, 2)]
        forwards = [gateway.parse_callback(account, raw) for raw in raws]
        backwards = [gateway.parse_callback(account, raw) for raw in reversed(raws)]
        assert forwards == backwards[::-1]
        ids = [fact.event_id for facts in forwards for fact in facts]
        assert len(set(ids)) == len(ids), "two messages must not share an event_id"

    @needs("callbacks")
    def test_a_forged_callback_is_refused(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView
    ) -> None:
        for one in forgeries(self.genuine_callback(account, attempt, "evt-1"), signed=self.signed):
            with pytest.raises(CallbackForged):
                gateway.parse_callback(account, one)

    def test_garbage_is_refused(self, gateway: PaymentGateway, account: GatewayConnection) -> None:
        raw = _nobodys_callback()
        if self.calls_back:
            raw = self.genuine_callback(account, self.new_attempt(), "evt-1")
        for body in GARBAGE:
            with pytest.raises(CallbackForged):
                gateway.parse_callback(account, replace(raw, body=body, headers={}, query=""))

    # -- without the payer: never twice, never guessed ----------------------------------------------------------------

    @needs("off_session")
    def test_the_same_key_charges_once(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView, saved_method: SavedMethod
    ) -> None:
        first = gateway.charge_saved(account, attempt, saved_method)
        assert gateway.charge_saved(account, attempt, saved_method) == first
        assert self.charges(attempt) == 1

    @needs("off_session")
    @pytest.mark.parametrize("at", _ACTED)
    def test_a_lost_answer_is_unknown_and_found_by_looking(
        self,
        gateway: PaymentGateway,
        account: GatewayConnection,
        attempt: AttemptView,
        saved_method: SavedMethod,
        at: Break,
    ) -> None:
        with BreakingProxy() as proxy:
            proxy.break_all(at)
            lost = _outcome(lambda: gateway.charge_saved(_through(account, proxy), attempt, saved_method))
        assert lost == "unknown", f"the answer was lost ({at}) and charge_saved said {lost}"
        seen = gateway.lookup(account, attempt)
        assert seen.state in (AttemptState.SUCCEEDED, AttemptState.PROCESSING, AttemptState.UNKNOWN)
        gateway.charge_saved(account, attempt, saved_method)
        assert self.charges(attempt) == 1

    @needs("off_session")
    def test_what_was_not_sent_is_unreachable(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView, saved_method: SavedMethod
    ) -> None:
        with BreakingProxy() as proxy:
            proxy.break_all(Break.BEFORE_SEND)
            with pytest.raises(GatewayUnreachable):
                gateway.charge_saved(_through(account, proxy), attempt, saved_method)
        assert self.charges(attempt) == 0

    @needs("refund")
    def test_the_same_key_refunds_once(
        self, gateway: PaymentGateway, account: GatewayConnection, paid: AttemptView
    ) -> None:
        refund = RefundView(f"refund-{paid.key}", paid.amount, paid.provider_ref, "asked for")
        first = gateway.refund(account, refund)
        second = gateway.refund(account, replace(refund, provider_ref=first.provider_ref))
        assert first.provider_ref == second.provider_ref
        assert first.amount in (None, paid.amount)
        seen = gateway.lookup_refund(account, replace(refund, provider_ref=first.provider_ref))
        assert seen.state is not AttemptState.FAILED

    @needs("refund", "partial_refund")
    def test_two_parts_are_two_refunds(
        self, gateway: PaymentGateway, account: GatewayConnection, paid: AttemptView
    ) -> None:
        cent = Money(1, paid.amount.currency)
        for number, amount in enumerate((cent, paid.amount - cent), start=1):
            refund = RefundView(f"refund-{paid.key}-{number}", amount, paid.provider_ref, "asked for")
            done = gateway.refund(account, refund)
            assert done.amount in (None, amount)
            seen = gateway.lookup_refund(account, replace(refund, provider_ref=done.provider_ref))
            assert seen.state is not AttemptState.FAILED
            assert seen.amount in (None, amount)

    @needs("forget")
    def test_what_is_forgotten_twice_is_no_error(
        self, gateway: PaymentGateway, account: GatewayConnection, attempt: AttemptView, saved_method: SavedMethod
    ) -> None:
        for _ in range(2):
            gateway.forget_saved(account, saved_method)
        with suppress(BillheadError):
            assert gateway.charge_saved(account, attempt, saved_method).state is not AttemptState.SUCCEEDED
        assert self.charges(attempt) == 0

    @needs("forget")
    def test_the_names_of_a_method_are_told_without_asking(
        self, gateway: PaymentGateway, saved_method: SavedMethod
    ) -> None:
        names = gateway.names_of(saved_method)
        assert 1 <= len(names) <= 2
        assert all(names)

    @needs("check")
    def test_its_check_says_something_and_no_secret(self, gateway: PaymentGateway, account: GatewayConnection) -> None:
        with BreakingProxy() as proxy:
            proxy.break_all(Break.BEFORE_ANSWER)
            said = [_checked(gateway, account), _checked(gateway, _through(account, proxy))]
        assert all(said), "what the check found out is told to staff"
        assert_secret(secrets_of(account.settings), said)

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


def _checked(gateway: PaymentGateway, account: GatewayConnection) -> str:
    """What staff read: that it works, or what is wrong."""
    try:
        return gateway.check(account)
    except BillheadError as error:
        return told(error)


def _outcome(call: Callable[[], Outcome]) -> str:
    try:
        return str(call().state)
    except OutcomeUnknown:
        return "unknown"


def _nobodys_callback() -> RawCallback:
    from billhead import clock

    return RawCallback(path="/callbacks/x", query="", headers={}, body=b"", received_at=clock.now())
