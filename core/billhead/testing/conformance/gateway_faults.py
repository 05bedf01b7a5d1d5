"""What must come of each fault between a shop, its gateway and the payer: money is counted once, or not at all.

`GatewayConformance` asks the gateway alone; here the whole application stands around it, and callbacks, look-ups and
refunds go through core. Subclass it beside the conformance test; docs/payment-faults.md shows gateway × fault.

class TestAcmePayFaults(GatewayFaults):
    gateway = "acme_pay"

    @pytest.fixture
    def provider(self, acme): return AcmeDriver(acme)      # a PayingProvider, which drives the stand-in
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from billhead.actions.documents.void_document import void_document
from billhead.actions.payments.apply_callback import apply_callback
from billhead.actions.payments.collect import collect
from billhead.actions.payments.refund import refund
from billhead.actions.payments.send_refund import send_refund
from billhead.domain.errors import BillheadError, Conflict, GatewayRejected, NotFound
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import GatewayAccount, Payment, Refund
from billhead.plugin import AttemptView, GatewayCapabilities, HttpClient, HttpResponse, RawCallback, SavedMethod
from billhead.plugin_host import plugins
from billhead.testing.forging import forgeries
from billhead.testing.paying_shop import OWED, SYSTEM, PayingShop, open_paying_shop

__all__ = ["GatewayFaults", "PayingProvider"]


class PayingProvider:
    """A stand-in for a provider, as the faults drive it. What a provider does not have returns None or False."""

    settings: Mapping[str, Any]
    """What staff enter for an account at it."""

    def pay(self, attempt: AttemptView) -> None:
        """The payer pays all that is asked for, at the provider. No callback yet."""
        raise NotImplementedError("override pay()")

    def tells(self, attempt: AttemptView, event: str) -> RawCallback | None:
        """A genuine callback about the attempt as it stands there now; `event` makes it another message."""
        raise NotImplementedError("override tells(); return None if the provider sends no callbacks")

    def misreports(self, attempt: AttemptView, minor: int | None, currency: str, reference: str) -> bool:
        """From now on the provider says that this amount (None: none) was paid, for this reference. False: it can't."""
        raise NotImplementedError("override misreports(); return False where the provider can't say it")

    def moved(self, attempt: AttemptView) -> int:
        """How often money came in there for the attempt."""
        raise NotImplementedError("override moved()")

    def returned(self, attempt: AttemptView) -> int:
        """How often money went back there. Asked only if the gateway refunds."""
        raise NotImplementedError("override returned()")

    def saved(self) -> SavedMethod:
        """A method that can be charged. Asked only if the gateway charges without the payer."""
        raise NotImplementedError("override saved()")

    def forget_payer(self, attempt: AttemptView) -> None:
        """The payer is deleted at the provider, after having paid. Override it where that is possible."""


class GatewayFaults:
    """Override `gateway` and the fixture `provider`; `expected` changes what comes of a wrong amount, by fault."""

    gateway: ClassVar[str]
    owed: ClassVar[Money] = Money(OWED, "EUR")  # of the invoice; a currency that the gateway takes
    fields: ClassVar[Mapping[str, str]] = {}  # what a payer types for it at checkout
    signed: ClassVar[bool] = True  # its callbacks are; those of others are proven by their address
    expected: ClassVar[Mapping[str, str]] = {}
    """fault → "refused" (nothing is booked, the attempt stays open) or "credited" (all that came is booked once)."""

    @pytest.fixture
    def provider(self) -> PayingProvider:
        raise NotImplementedError("override the fixture `provider`: return a PayingProvider")

    @pytest.fixture
    def shop(self, provider: PayingProvider, tmp_path: Path) -> Iterator[PayingShop]:
        with open_paying_shop(tmp_path, self.gateway, provider.settings, self.owed, self.fields) as shop:
            yield shop
            shop.balances()

    @pytest.fixture
    def able(self, shop: PayingShop) -> GatewayCapabilities:
        return plugins().gateway(self.gateway).capabilities()

    @contextmanager
    def lost_answers(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Writes are carried out, their answers never come. Override it if the gateway does not use `account.http`."""
        real = HttpClient.write

        def cut_off(client: HttpClient, method: str, url: str, **options: Any) -> Any:
            real(client, method, url, **options)
            raise client._errors[1]("the answer was lost") from httpx.ReadTimeout("lost")

        with monkeypatch.context() as patched:
            patched.setattr(HttpClient, "write", cut_off)
            yield

    # -- callbacks that prove nothing, or come again

    def test_forged(self, shop: PayingShop, provider: PayingProvider) -> None:
        genuine = self._paid(shop, provider)
        if genuine is None:
            return
        for forged in forgeries(genuine, signed=self.signed):
            assert shop.hear(forged) in ("quarantined", "rejected")
        assert shop.hear(replace(genuine, headers={}, query="", body=b"{}")) == "quarantined"
        self._nothing_booked(shop)
        assert shop.hear(genuine) == "applied", "a forgery does not keep the genuine one out"
        self._booked_once(shop, provider)

    @pytest.mark.parametrize("times", [40, pytest.param(1000, marks=pytest.mark.full)])
    def test_replayed_in_parallel(self, shop: PayingShop, provider: PayingProvider, times: int) -> None:
        genuine = self._paid(shop, provider)
        if genuine is None:
            return
        copies = [shop.keep(genuine) for _ in range(times)]

        def read(callback: int) -> str:
            with shop.app.app_context():
                return apply_callback(SYSTEM, callback)

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(read, copies)) == {"applied"}
        self._booked_once(shop, provider)

    def test_reordered(self, shop: PayingShop, provider: PayingProvider) -> None:
        """What was said before the payer paid arrives after what was said then, and both again."""
        shop.checkout()
        attempt = shop.attempt()
        before = provider.tells(attempt, "event-before")
        provider.pay(attempt)
        after = provider.tells(shop.attempt(), "event-after")
        for raw in (after, before, after, before):
            if raw is not None:
                assert shop.hear(raw) == "applied"
        if after is None:
            shop.look()
        self._booked_once(shop, provider)

    # -- callbacks with another amount, or about something else

    @pytest.mark.parametrize(
        ("fault", "off_by", "currency"),
        [
            ("foreign_currency", 0, "USD"),
            ("short", -1, ""),
            ("over", 1, ""),
            ("zero", None, ""),
            ("amount_less", None, ""),
        ],
    )
    def test_another_amount(
        self, shop: PayingShop, provider: PayingProvider, fault: str, off_by: int | None, currency: str
    ) -> None:
        minor = {"zero": 0, "amount_less": None}.get(fault, self.owed.minor + (off_by or 0))
        shop.checkout()
        provider.pay(shop.attempt())
        if not provider.misreports(shop.attempt(), minor, currency or self.owed.currency, shop.attempt().key):
            return
        raw = provider.tells(shop.attempt(), f"event-{fault}")
        said = shop.hear(raw) if raw is not None else shop.look()
        if self.expected.get(fault, "refused") == "refused":
            assert said != "applied" or shop.state() == "unknown", said
            self._nothing_booked(shop)
            assert shop.look() != "succeeded", "looking it up does not make it right"
            self._nothing_booked(shop)
        else:
            assert sum(payment.amount_minor for payment in shop.rows(Payment)) == minor
            assert len(shop.rows(Payment)) == 1

    def test_for_another_invoice(self, shop: PayingShop, provider: PayingProvider) -> None:
        shop.checkout()
        provider.pay(shop.attempt())
        if not provider.misreports(shop.attempt(), self.owed.minor, self.owed.currency, "doc999-a1-000000"):
            return
        raw = provider.tells(shop.attempt(), "event-elsewhere")
        if raw is not None:
            assert shop.hear(raw) in ("rejected", "quarantined")
        self._nothing_booked(shop)

    def test_for_a_deleted_customer(self, shop: PayingShop, provider: PayingProvider) -> None:
        genuine = self._paid(shop, provider)
        provider.forget_payer(shop.attempt())
        said = shop.hear(genuine) if genuine is not None else shop.look()
        assert said in ("applied", "succeeded")
        self._booked_once(shop, provider)

    def test_for_a_void_invoice(self, shop: PayingShop, provider: PayingProvider) -> None:
        """The money is here all the same: it is the customer's credit, once."""
        genuine = self._paid(shop, provider)
        self._voided(shop)
        for _ in range(2):
            if genuine is not None:
                shop.hear(genuine)
            shop.look()
        assert [payment.amount_minor for payment in shop.rows(Payment)] == [self.owed.minor]
        assert [credit.amount_minor for credit in shop.rows(CustomerCredit)] == [self.owed.minor]
        assert shop.row(Document, shop.invoice).state == "void"

    # -- our own account

    def test_keys_are_refused(self, shop: PayingShop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Revoked keys: nothing is begun, and the account pauses until staff have saved its settings."""
        refused = HttpResponse(401, {"content-type": "application/json"}, b'{"error": {"message": "no such key"}}')
        with monkeypatch.context() as patched:
            for asked in ("read", "write"):
                patched.setattr(HttpClient, asked, lambda *_args, **_options: refused)
            with pytest.raises(GatewayRejected):
                shop.checkout()
        assert shop.row(GatewayAccount, shop.account).paused_because
        with pytest.raises(NotFound):
            shop.checkout()
        self._nothing_booked(shop)

    # -- answers that never come

    def test_charged_and_timed_out(
        self, shop: PayingShop, provider: PayingProvider, able: GatewayCapabilities, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if able.off_session:
            shop.save(provider.saved())
            with self.lost_answers(monkeypatch):
                assert collect(SYSTEM, shop.invoice).state == "unknown"
            assert collect(SYSTEM, shop.invoice).state == "undecided", "nothing is charged while that is open"
            assert shop.look() in ("succeeded", "processing")
            assert collect(SYSTEM, shop.invoice).state in ("nothing_to_do", "undecided")
        else:
            with self.lost_answers(monkeypatch):
                shop.checkout()
            if shop.state() == "unknown":
                with pytest.raises(Conflict):
                    shop.checkout()
            shop.look()
            provider.pay(shop.attempt())
            self._learned(shop, provider)
        self._booked_once(shop, provider)

    def test_refund_timed_out(
        self, shop: PayingShop, provider: PayingProvider, able: GatewayCapabilities, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not able.refund:
            return
        self._paid(shop, provider)
        shop.look()
        (payment,) = shop.rows(Payment)
        owed = shop.act(refund, payment.id, self.owed.minor, "source", reason="asked for").refund_id
        with self.lost_answers(monkeypatch):
            assert send_refund(SYSTEM, owed) == "unknown"
        with pytest.raises(Conflict):
            shop.act(refund, payment.id, self.owed.minor, "source", reason="again")
        assert send_refund(SYSTEM, owed) in ("succeeded", "processing")
        send_refund(SYSTEM, owed)
        assert provider.returned(shop.attempt()) == 1
        assert [one.state for one in shop.rows(Refund)] in (["succeeded"], ["processing"])

    # -- the moment at which things happen

    def test_callback_before_the_redirect(
        self, shop: PayingShop, provider: PayingProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The payer is faster than our record of where they were sent."""
        kind = type(plugins().gateway(self.gateway))
        real = kind.start_checkout

        def overtaken(gateway: Any, account: Any, attempt: AttemptView) -> Any:
            start = real(gateway, account, attempt)
            begun = replace(attempt, provider_ref=start.provider_ref)
            provider.pay(begun)
            raw = provider.tells(begun, "event-early")
            if raw is not None:
                assert shop.hear(raw) == "applied"
            return start

        with monkeypatch.context() as patched:
            patched.setattr(kind, "start_checkout", overtaken)
            shop.checkout()
        shop.look()
        self._booked_once(shop, provider)

    def test_callback_after_the_return(self, shop: PayingShop, provider: PayingProvider) -> None:
        """The payer is back, it was looked up, and only then the callback comes; and once more."""
        genuine = self._paid(shop, provider)
        assert shop.look() == "succeeded"
        for _ in range(2):
            if genuine is not None:
                assert shop.hear(genuine) == "applied"
        self._booked_once(shop, provider)

    def test_killed_between_charge_and_record(
        self, shop: PayingShop, provider: PayingProvider, able: GatewayCapabilities
    ) -> None:
        if able.off_session:
            shop.save(provider.saved())
        assert shop.killed_after_the_gateway_has_acted(saved=able.off_session) == -9
        assert shop.state() == "created"
        if able.off_session:
            assert collect(SYSTEM, shop.invoice).state == "undecided", "nothing is charged while that is open"
            shop.look()
            assert collect(SYSTEM, shop.invoice).state in ("nothing_to_do", "undecided")
        else:
            shop.look()
            provider.pay(shop.attempt())
            self._learned(shop, provider)
        self._booked_once(shop, provider)

    # -- what they share

    def _learned(self, shop: PayingShop, provider: PayingProvider) -> None:
        """By a look-up; or, where the provider's id of it was lost with the answer, by the callback."""
        if shop.look() == "unknown":
            raw = provider.tells(shop.attempt(), "event-found")
            assert raw is not None, "neither a look-up nor a callback tells"
            assert shop.hear(raw) == "applied"

    def _paid(self, shop: PayingShop, provider: PayingProvider) -> RawCallback | None:
        """The payer has paid on the provider's page; what the provider says of it, unread."""
        shop.checkout()
        provider.pay(shop.attempt())
        return provider.tells(shop.attempt(), "event-paid")

    def _voided(self, shop: PayingShop) -> None:
        """While a payment is under way nothing is voided: then staff have given up on it first."""
        try:
            shop.act(void_document, shop.invoice, reason="a mistake")
        except Conflict:
            shop.give_up()
            shop.act(void_document, shop.invoice, reason="a mistake")

    def _nothing_booked(self, shop: PayingShop) -> None:
        assert shop.rows(Payment) == []
        assert shop.row(Document, shop.invoice).settled_minor == 0
        assert shop.state() != "succeeded"

    def _booked_once(self, shop: PayingShop, provider: PayingProvider) -> None:
        try:
            shop.look()
        except BillheadError as error:  # a decided attempt is left alone
            raise AssertionError("looking once more must do no harm") from error
        assert [payment.amount_minor for payment in shop.rows(Payment)] == [self.owed.minor]
        assert provider.moved(shop.attempt()) == 1
        document = shop.row(Document, shop.invoice)
        assert (document.settled_minor, document.total_minor) == (self.owed.minor, self.owed.minor)
        assert shop.rows(CustomerCredit) == []
        assert shop.balances().get("receivable", 0) == 0
