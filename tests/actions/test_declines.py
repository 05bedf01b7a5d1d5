"""What follows from each decline: another card, a better day, a link to pay, a pause; and cards that end."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from card_shop import HELSINKI, SYSTEM, open_card_shop

from billhead import clock
from billhead.actions.payments import _methods
from billhead.actions.payments._pay_links import pay_link, read_pay_link
from billhead.actions.payments.collect import collect
from billhead.actions.payments.prefer_method import prefer_method
from billhead.actions.payments.save_gateway_account import AccountEntry, save_gateway_account
from billhead.domain.dunning import on_payday
from billhead.domain.errors import GatewayRejected, NotFound
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.jobs.kinds import KINDS, TryLater
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Notice
from billhead.models.payments import GatewayAccount, PaymentAttempt, PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin import CheckoutField, Outcome
from billhead.plugin_host import plugins, vault

RENEWAL = "2026-12-22"


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def another_card(shop, token, label):
    """Saved beside the others, behind them."""
    with shop.app.app_context():
        row = PaymentMethod(
            customer_id=shop.customer, account_id=shop.cards, token=vault().encrypt(token), label=label,
            expires="2030-12", position=5, created_at=clock.now(),
        )  # fmt: skip
        shop.act(lambda tx: tx.session.add(row))
        return shop.rows(PaymentMethod)[-1].id


def tokens(shop):
    return [attempt.method_id for attempt in shop.rows(PaymentAttempt) if attempt.off_session]


def test_after_a_hard_decline_the_next_card_in_the_customer_s_order_is_charged(shop):
    subscription, invoice = shop.renewal(RENEWAL, token="tok_lost")
    first = subscription.payment_method_id
    second, third = another_card(shop, "tok_ok", "Visa •••• 1111"), another_card(shop, "tok_ok", "Visa •••• 2222")
    shop.act(prefer_method, third)
    shop.act(prefer_method, first)  # the order is now: first, third, second
    with shop.at(RENEWAL):
        assert shop.collect_due() == ["failed"]
        assert shop.notices("method_stopped") == ["method_stopped"]
        assert shop.notices("payment_failed") == [], "nothing is left to do for them"
        assert shop.collect_due() == ["succeeded"]
    assert tokens(shop) == [first, third]
    assert shop.row(Document, invoice.id).state == "paid"
    found = {key: shop.row(PaymentMethod, key) for key in (first, second, third)}
    assert [(one.usable, one.is_default) for one in found.values()] == [(False, False), (True, False), (True, True)]
    assert shop.row(Subscription, subscription.id).payment_method_id == third
    assert shop.charges() == 2


def test_a_soft_decline_stays_with_its_card(shop):
    subscription, _ = shop.renewal(RENEWAL, card="4000000000000341")
    another_card(shop, "tok_ok", "Visa •••• 1111")
    with shop.at(RENEWAL):
        assert shop.collect_due() == ["failed"]
        (job,) = shop.jobs("payments.collect")
        local = job.due_at.astimezone(HELSINKI)
        assert (local.date(), local.hour) == (date(2026, 12, 23), 9), "in the morning where the customer lives"
    assert shop.row(PaymentMethod, subscription.payment_method_id).usable


@pytest.mark.parametrize(
    ("day", "before", "tried"),
    [
        (date(2026, 12, 30), None, date(2027, 1, 1)),
        (date(2026, 12, 30), date(2027, 1, 1), date(2026, 12, 30)),  # the next try is on that day anyway
        (date(2026, 12, 29), None, date(2026, 12, 29)),  # three days would be too long
        (date(2026, 12, 14), date(2026, 12, 16), date(2026, 12, 15)),
        (date(2026, 12, 15), date(2026, 12, 16), date(2026, 12, 15)),
        (date(2026, 12, 20), None, date(2026, 12, 20)),
    ],
)
def test_a_card_without_money_waits_for_payday_if_that_is_near(day, before, tried):
    assert on_payday(day, before) == tried


def test_one_card_is_declined_at_most_so_often_in_thirty_days(shop, monkeypatch):
    monkeypatch.setattr(_methods, "MOST_TRIES", 1)
    _, invoice = shop.renewal(RENEWAL, card="4000000000000341")
    with shop.at(RENEWAL):
        shop.collect_due()
    with shop.at("2026-12-23"):
        assert collect(SYSTEM, invoice.id).state == "too_often"
        with pytest.raises(TryLater) as later:
            KINDS["payments.collect"].run(SYSTEM, {"document_id": invoice.id, "after": tokens_last(shop)})
        assert later.value.at - clock.business_now() > timedelta(hours=23)
    with shop.at("2027-01-22"):
        assert collect(SYSTEM, invoice.id).state == "failed"


def tokens_last(shop):
    return shop.rows(PaymentAttempt)[-1].id


def test_refused_keys_pause_the_account_until_staff_have_saved_it(shop, monkeypatch):
    _, invoice = shop.renewal(RENEWAL)
    broken = Outcome(AttemptState.FAILED, decline=DeclineClass.CONFIG, code="invalid_api_key")
    with shop.at(RENEWAL):
        gateway = plugins().gateway("sandbox_cards")
        monkeypatch.setattr(type(gateway), "charge_saved", lambda *_: broken)
        assert shop.collect_due() == ["failed"]
        assert shop.row(GatewayAccount, shop.cards).paused_because == "invalid_api_key"
        assert shop.notices("payment_failed") == [], "it is not the customer's fault"
        assert collect(SYSTEM, invoice.id).state == "paused"
        with pytest.raises(NotFound):
            shop.checkout(invoice.id)
        monkeypatch.undo()
        account = shop.row(GatewayAccount, shop.cards)
        shop.act(save_gateway_account, shop.seller, "sandbox_cards", AccountEntry("cards", "Cards"), account.settings)
        assert shop.row(GatewayAccount, shop.cards).paused_because == ""
        assert collect(SYSTEM, invoice.id).state == "succeeded"
    declines = [one.decline_class for one in shop.rows(PaymentAttempt) if one.off_session]
    assert declines == ["config", ""]


def test_keys_that_are_refused_when_a_payer_begins_pause_it_too(shop, monkeypatch):
    order = shop.order()
    monkeypatch.setattr(type(plugins().gateway("sandbox_cards")), "start_checkout", _not_authorised)
    with pytest.raises(GatewayRejected):
        shop.checkout(order.document_id)
    assert shop.row(GatewayAccount, shop.cards).paused_because == "acme_not_authorised"


def _not_authorised(*_):
    raise GatewayRejected("the key is refused", decline=DeclineClass.CONFIG, code="acme_not_authorised")


def test_a_retry_waits_for_a_payer_who_is_paying_right_now(shop):
    _, invoice = shop.renewal(RENEWAL)
    with shop.at(RENEWAL):
        page = shop.checkout(invoice.id)
        shop.change(PaymentAttempt, page.attempt_id, state="processing")
        with pytest.raises(TryLater):
            KINDS["payments.collect"].run(SYSTEM, {"document_id": invoice.id, "after": 0})
        shop.change(PaymentAttempt, page.attempt_id, state="failed")
        KINDS["payments.collect"].run(SYSTEM, {"document_id": invoice.id, "after": 0})
    assert shop.row(Document, invoice.id).state == "paid"


def test_nobody_is_charged_for_what_debt_has_ended(shop):
    subscription, invoice = shop.renewal(RENEWAL)
    shop.change(Subscription, subscription.id, state="canceled", suspended_for="debt")
    with shop.at("2027-02-01"):
        assert collect(SYSTEM, invoice.id).state == "nothing_to_do"
    assert shop.charges() == 1, "the order's"


def test_waiting_for_payday_never_passes_the_day_on_which_something_is_taken_away(shop):
    """Due on 22 December, over on 1 January: the last try is on the eve, though the 1st is a payday."""
    shop.stages([[10, "terminate"]], retry_days=(1,))
    _, invoice = shop.renewal(RENEWAL, token="tok_insufficient")
    shop.change(Document, invoice.id, due_on=date(2026, 12, 22))
    for day in (RENEWAL, "2026-12-23"):
        with shop.at(day):
            assert shop.collect_due() == ["failed"]
    (job,) = shop.jobs("payments.collect")
    assert job.due_at.astimezone(HELSINKI).date() == date(2026, 12, 31)


def test_the_days_of_retries_are_counted_where_the_customer_lives(shop):
    """20:00 in Helsinki is 7:00 of the next day in Auckland: the day after that is the 24th there."""
    subscription, _ = shop.renewal(RENEWAL, card="4000000000000341")
    shop.change(Customer, subscription.customer_id, zone="Pacific/Auckland")
    with shop.at(RENEWAL, hour=20):
        assert shop.collect_due() == ["failed"]
    (job,) = shop.jobs("payments.collect")
    local = job.due_at.astimezone(ZoneInfo("Pacific/Auckland"))
    assert (local.date(), local.hour) == (date(2026, 12, 24), 9)


def test_what_can_not_be_looked_up_makes_room_for_what_can(shop):
    _, invoice = shop.renewal(RENEWAL)
    with shop.at(RENEWAL):
        page = shop.checkout(invoice.id)
        shop.change(GatewayAccount, shop.cards, gateway="gone")
        shop.change(PaymentAttempt, page.attempt_id, next_look_at=clock.business_now() - timedelta(hours=1))
        KINDS["payments.resolve_open"].run(SYSTEM, {})
        later = shop.row(PaymentAttempt, page.attempt_id).next_look_at - clock.business_now()
    assert timedelta(minutes=59) < later <= timedelta(hours=1)


# -- the link ----------------------------------------------------------------------------------------------------------


def test_a_link_pays_one_document_without_signing_in_and_shows_nobody(shop):
    _, invoice = shop.renewal(RENEWAL, token="tok_3ds")
    with shop.at(RENEWAL):
        shop.collect_due()
        (notice,) = shop.rows(Notice, Notice.kind == "payment_action")
        path = f"{shop.web}/pay/link/{pay_link(notice.data['document_id'], clock.business_now())}"
    client = httpx.Client(trust_env=False, timeout=10)
    with shop.at(RENEWAL):
        shown = client.get(path)
        assert shown.status_code == 200, shown.text
        assert "€12.55" in shown.text
        assert invoice.number_text in shown.text
        for hidden in ("Aino", "aino@example.com", "Tv plan", "Bank"):
            assert hidden not in shown.text, "a link in a mail tells nobody whose it is"
        assert shown.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in shown.headers["Cache-Control"]
        (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', shown.text))
        begun = client.post(path, data={"csrf_token": token, "account": shop.cards})
        assert (begun.status_code, begun.headers["Location"]) == (303, path.removeprefix(shop.web) + "/on")
        leads = client.get(path + "/on")
        assert "payment provider’s own page" in leads.text
        attempt = shop.rows(PaymentAttempt)[-1]
        assert (attempt.off_session, attempt.amount_minor) == (False, 1255)
        httpx.post(
            attempt.action["url"], data={"number": "4242424242424242", "expiry": "12/30", "cvc": "123"},
            trust_env=False, timeout=5,
        )  # fmt: skip
        assert shop.hear("charge.succeeded") == ["applied"]
        assert client.get(path + "/return").status_code == 303
        assert "Nothing is left to pay" in client.get(path).text
    assert shop.row(Document, invoice.id).state == "paid"


def test_a_link_offers_nothing_that_asks_or_is_booked_by_hand(shop, monkeypatch):
    field = CheckoutField("phone", "Phone", str.strip, prefill="phone")
    _, invoice = shop.renewal(RENEWAL)
    monkeypatch.setattr(type(plugins().gateway("sandbox_cards")), "checkout_fields", lambda _: (field,))
    client = httpx.Client(trust_env=False, timeout=10)
    with shop.at(RENEWAL):
        path = f"{shop.web}/pay/link/{pay_link(invoice.id, clock.business_now())}"
        shown = client.get(path)
        assert shown.status_code == 200
        (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', shown.text)) or {""}
        for account in (shop.cards, shop.bank):
            refused = client.post(path, data={"csrf_token": token, "account": account})
            assert refused.status_code in (400, 422)
    assert [one for one in shop.rows(PaymentAttempt) if not one.off_session and one.document_id == invoice.id] == []
    assert shop.notices("transfer") == []


def test_who_waits_at_a_link_that_holds_is_not_stopped(shop):
    _, invoice = shop.renewal(RENEWAL)
    client = httpx.Client(trust_env=False, timeout=10)
    with shop.at(RENEWAL):
        path = f"{shop.web}/pay/link/{pay_link(invoice.id, clock.business_now())}"
        assert {client.get(path).status_code for _ in range(62)} == {200}


def test_a_link_ends_and_can_not_be_made_up(shop):
    with shop.at(RENEWAL):
        token = pay_link(7, clock.business_now())
        assert read_pay_link(token) == 7
        _, until, signature = token.split("-")
        for wrong in (
            f"8-{until}-{signature}",
            f"7-{int(until) + 1}-{signature}",
            f"7-{until}-{'0' * 32}",
            "7",
            "",
            "x-y-z",
        ):
            with pytest.raises(NotFound):
                read_pay_link(wrong)
        assert httpx.get(f"{shop.web}/pay/link/8-{until}-{signature}", trust_env=False).status_code == 404
    with shop.at("2026-12-30"), pytest.raises(NotFound):
        read_pay_link(token)


def test_who_guesses_links_is_stopped(shop):
    client = httpx.Client(trust_env=False, timeout=10)
    with shop.at(RENEWAL):
        answers = [client.get(f"{shop.web}/pay/link/1-{n}-{'0' * 32}").status_code for n in range(62)]
    assert answers == [404] * 60 + [403] * 2 or answers == [404] * 60 + [429] * 2


# -- cards that end ----------------------------------------------------------------------------------------------------


def test_a_card_that_ends_is_told_of_twice(shop):
    with shop.at("2026-11-22"):
        shop.bought(save=True)
    (method,) = shop.rows(PaymentMethod)
    shop.change(PaymentMethod, method.id, expires="2027-01")
    told = []
    for day in ("2026-12-31", "2027-01-01", "2027-01-02", "2027-01-23", "2027-01-24", "2027-01-25", "2027-02-01"):
        with shop.at(day):
            KINDS["payments.tell_expiring"].run(SYSTEM, {})
            told.append(len(shop.notices("card_expiring")))
    assert told == [0, 1, 1, 1, 2, 2, 2]  # the last day is 31 January: 30 days before, and 7
    assert {row.subject for row in shop.rows(AuditEntry) if row.action == "payments.tell_expiring"} == {""}, "a sweep"
    shop.change(PaymentMethod, method.id, expires="2027-02")
    with shop.at("2027-01-30"):
        KINDS["payments.tell_expiring"].run(SYSTEM, {})
    assert len(shop.notices("card_expiring")) == 3, "28 February is 29 days away, and 1 March 30"
    shop.change(PaymentMethod, method.id, expires="2027-03", usable=False)
    with shop.at("2027-03-20"):
        KINDS["payments.tell_expiring"].run(SYSTEM, {})
    assert len(shop.notices("card_expiring")) == 3, "nothing is charged to it any more"
