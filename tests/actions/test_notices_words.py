"""What each kind of notice says: true when it is sent, in the customer's own time, never with somebody else's data."""

from datetime import date

import pytest
from notice_shop import BOXES, NOW, SYSTEM, open_shop

from apps import build_app, close_app
from billhead import clock
from billhead.actions.notifications._facts import _PARTS_OF
from billhead.actions.notifications._render import KINDS
from billhead.actions.notifications.send_notice import send_notice
from billhead.db import writing
from billhead.models.credits import CustomerCredit, CustomerWallet, LentCredit
from billhead.models.documents import Document
from billhead.models.panels import AddressNews
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import vault


@pytest.fixture
def shop(host_app, pretend, sqlite_url, tmp_path):
    with open_shop(host_app, sqlite_url, tmp_path / "outbox", pretend("boxes", BOXES)) as shop:
        yield shop


def test_every_kind_has_words_and_facts():
    assert sorted(_PARTS_OF) == sorted(KINDS)


def test_access_of_a_stream_line_tells_everything_that_an_app_asks_for(shop):
    subject, text, html = shop.sent("access", {"service_id": shop.line, "customer_id": shop.customer})
    assert subject == "Your television is ready: Full & Sports"
    assert "Hello Ada <b>Kalani</b>," in text
    assert "your stream line for Full & Sports is ready" in text
    assert "Login: ada\nPassword: s3cret&<\n" in text.replace("\r\n", "\n")
    assert "Playlist (M3U): https://tv.example/get.php?u=ada&p=s3cret&<" in text
    assert "on 3 devices at the same time" in text
    assert "It is paid until 20 December 2026." in text
    assert "24 December" not in text, "the grace on the panel is nobody's promise"
    assert "Portal address" not in text
    assert "Ada &lt;b&gt;Kalani&lt;/b&gt;" in html
    assert "s3cret&amp;&lt;" in html
    assert "<b>" not in html


def test_access_of_a_box_tells_its_portal_and_its_mac(shop):
    shop.change(Subscription, shop.subscription, paid_through=None)
    _subject, text, html = shop.sent("access", {"service_id": shop.box})
    assert "Portal address: https://tv.example" in text
    assert "MAC address: 00:1A:79:AA:BB:CC" in text
    assert "Password" not in text
    assert "paid until" not in text
    assert '<th scope="row"' in html


def test_new_addresses_are_told_with_the_words_of_staff(shop):
    with writing(SYSTEM) as tx:
        news = AddressNews(panel_id=1, words="The old one <ends> soon.", total=1, actor="system", created_at=NOW)
        tx.session.add(news)
        tx.session.flush()
    subject, text, html = shop.sent("new_address", {"service_id": shop.line, "news_id": news.id})
    assert subject == "New addresses for Full & Sports"
    assert "Playlist (M3U): https://tv.example/get.php?u=ada&p=s3cret&<" in text
    assert "The old one <ends> soon." in text
    assert "The old one &lt;ends&gt; soon." in html


def test_an_invoice_lists_its_lines_and_where_to_pay(shop):
    subject, text, html = shop.sent("invoice", {"document_id": shop.invoice})
    assert subject == 'Invoice 2026-000012 from North "Cable" TV'
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines[1:8] == [
        "Invoice 2026-000012 of 22 November 2026:",
        "Full & Sports (21 November 2026 to 20 December 2026): €9.99",
        "Extra connection × 2: €2.50",
        "Tax: €3.19",
        "Total: €15.68",
        "Please pay €15.68 by 6 December 2026.",
        f"Pay now: http://127.0.0.1:8000/pay/{shop.invoice}",
    ]
    assert f'href="http://127.0.0.1:8000/pay/{shop.invoice}"' in html


def test_a_receipt_tells_what_came_and_what_is_still_open(shop):
    shop.change(Document, shop.invoice, settled_minor=1000, state="partly_paid")
    subject, text, _html = shop.sent("receipt", {"payment_id": shop.payment, "document_id": shop.invoice})
    assert subject == "Payment received: €10.00"
    assert "we received €10.00 on 21 November 2026, 23:00." in text
    assert "€5.68 is still open." in text
    assert f"Pay the rest: http://127.0.0.1:8000/pay/{shop.invoice}" in text


def test_a_receipt_for_all_of_it_asks_for_nothing(shop):
    shop.change(Document, shop.invoice, settled_minor=1568, state="paid")
    _subject, text, _html = shop.sent("receipt", {"payment_id": shop.payment, "document_id": shop.invoice})
    assert "/pay/" not in text


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("reminder", "Reminder: Invoice 2026-000012", "is due on 6 December 2026. €15.68 is open."),
        ("warning", "Your service is about to stop: Invoice 2026-000012", "was due on 6 December 2026"),
        ("payment_failed", "Your payment did not go through: Invoice 2026-000012", "could not collect €15.68"),
        ("payment_action", "Your bank asks you to confirm a payment: Invoice 2026-000012", "the payment of €15.68"),
    ],
)
def test_who_owes_is_told_how_much_and_where_to_pay(shop, kind, subject, words):
    told, text, html = shop.sent(kind, {"document_id": shop.invoice, "attempt_id": 1})
    assert told == subject
    assert words in " ".join(text.split())
    where = f"http://127.0.0.1:8000/pay/{'link/' if kind == 'payment_action' else ''}{shop.invoice}"
    assert where in text
    assert where in html


@pytest.mark.parametrize("kind", ["reminder", "warning", "payment_failed", "payment_action"])
def test_who_has_paid_meanwhile_is_left_alone(shop, kind):
    shop.change(Document, shop.invoice, settled_minor=1568, state="paid")
    notice = shop.queue(kind, {"document_id": shop.invoice})
    assert send_notice(SYSTEM, notice) == "rejected"
    assert "nothing is owed on Invoice 2026-000012 any more" in shop.notice(notice).error
    assert shop.mails() == []


def test_a_suspension_for_debt_names_the_debt(shop):
    shop.change(Subscription, shop.subscription, state="suspended", suspended_for="debt")
    subject, text, _html = shop.sent("suspended", {"subscription_id": shop.subscription, "because": "debt"})
    assert subject == "Your service is suspended: Full & Sports"
    assert f"Invoice 2026-000012, €15.68 open: http://127.0.0.1:8000/pay/{shop.invoice}" in text


def test_a_suspension_by_staff_asks_for_no_money(shop):
    shop.change(Subscription, shop.subscription, state="suspended", suspended_for="staff")
    _subject, text, _html = shop.sent("suspended", {"subscription_id": shop.subscription})
    assert "/pay/" not in text
    assert "answer this mail" in text


def test_who_is_not_suspended_any_more_is_not_told_so(shop):
    notice = shop.queue("suspended", {"subscription_id": shop.subscription})
    assert send_notice(SYSTEM, notice) == "rejected"
    assert "Full & Sports is not suspended any more" in shop.notice(notice).error


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("restored", "Your service is back: Full & Sports", "runs again"),
        ("canceled", "Your cancellation: Full & Sports", "it ends on 20 December 2026"),
        ("trial_ending", "Your trial ends on 27 November 2026: Full & Sports", "ends on 27 November 2026"),
    ],
)
def test_the_life_of_a_subscription(shop, kind, subject, words):
    shop.change(Subscription, shop.subscription, service_ends_on=date(2026, 12, 21))
    told, text, html = shop.sent(kind, {"subscription_id": shop.subscription})
    assert told == subject
    assert words in text
    assert "Full &amp; Sports" in html


def test_what_has_ended_at_once_is_told_without_a_day(shop):
    shop.change(Subscription, shop.subscription, service_ends_on=date(2026, 11, 21), state="canceled")
    _subject, text, _html = shop.sent("canceled", {"subscription_id": shop.subscription})
    assert "Full & Sports is canceled." in text
    assert "it ends on" not in text


def test_a_password_link_is_sealed_until_it_is_sent(shop):
    sealed = vault().encrypt("tok-123")
    _subject, text, html = shop.sent("password_link", {"user_id": 1, "sealed_token": sealed})
    assert "http://127.0.0.1:8000/set-password/tok-123" in text
    assert 'href="http://127.0.0.1:8000/set-password/tok-123"' in html


def test_a_welcome_with_and_without_a_password_to_choose(shop):
    subject, text, _html = shop.sent("welcome", {})
    assert subject == 'Welcome to North "Cable" TV'
    assert "set-password" not in text
    send_notice(SYSTEM, shop.queue("welcome", {"sealed_token": vault().encrypt("tok-9")}, key="welcome:2"))
    assert any("set-password/tok-9" in mail.get_body(("plain",)).get_content() for mail in shop.mails())


def test_the_mail_comes_from_the_seller(shop):
    shop.sent("welcome", {})
    (mail,) = shop.mails()
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('North "Cable" TV', "billing@northcable.example")
    assert mail["To"] == "ada@example.org"


# -- what can't be told -----------------------------------------------------------------------------------------------


def refusal(shop, kind, data, **more):
    notice = shop.queue(kind, data, **more)
    assert send_notice(SYSTEM, notice) == "rejected"
    assert shop.mails() == []
    return shop.notice(notice).error


def test_a_document_that_is_gone_is_named(shop):
    said = refusal(shop, "invoice", {"document_id": 4711})
    assert said == "the document 4711 that this notice is about does not exist any more"


def test_an_id_that_is_missing_is_named(shop):
    assert refusal(shop, "access", {}) == "a notice of the kind access must name a service_id, but its data does not"


def test_a_kind_without_words_is_named(shop):
    assert "there is no notice of the kind 'birthday' (there are: access, " in refusal(shop, "birthday", {})


@pytest.mark.parametrize("kind", ["invoice", "receipt", "restored", "access"])
def test_nobody_gets_what_is_about_somebody_else(shop, kind):
    data = {
        "document_id": shop.invoice,
        "payment_id": shop.payment,
        "subscription_id": shop.subscription,
        "service_id": shop.line,
    }
    assert "belongs to another customer" in refusal(shop, kind, data, customer=shop.stranger)


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("Pacific/Honolulu", "21 November 2026, 23:00"),
        ("UTC", "22 November 2026, 09:00"),
        ("Pacific/Kiritimati", "22 November 2026, 23:00"),
    ],
)
def test_instants_are_told_where_the_customer_lives(shop, zone, told):
    shop.change(Customer, shop.customer, zone=zone)
    _subject, text, _html = shop.sent("receipt", {"payment_id": shop.payment, "document_id": shop.invoice})
    assert f"we received €10.00 on {told}." in text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/pay/81", "/set-password/tok-123"])
def test_the_addresses_in_mails_lead_somewhere(sqlite_url, tmp_path, path):
    app = build_app(sqlite_url, tmp_path / "home")
    endpoint, _arguments = app.url_map.bind("shop.example").match(path)
    close_app(app)
    assert endpoint


def wallet(row):
    with writing(SYSTEM) as tx:
        tx.session.add(row)


def test_low_credit_tells_what_is_left_and_who_has_bought_some_is_left_alone(shop):
    wallet(CustomerWallet(customer_id=shop.customer, alert_below_minor=600))
    subject, text, html = shop.sent("low_credit", {})
    assert subject == "Your credit is low: €0.00"
    assert "when it falls below €6.00" in text
    assert "Buy credit: http://127.0.0.1:8000/account/credit" in text
    assert "http://127.0.0.1:8000/account/credit" in html
    shop.change(CustomerWallet, shop.customer, alert_below_minor=0)
    assert send_notice(SYSTEM, shop.queue("low_credit", {}, key="again")) == "rejected"


def test_credit_that_was_not_paid_tells_what_is_owed_again_and_nobody_who_has_paid_that(shop):
    about = {"customer_id": shop.customer, "currency": "EUR", "remaining_minor": 0, "created_at": clock.now()}
    lot = CustomerCredit(kind="bought", amount_minor=2000, order_id=shop.invoice, **about)
    wallet(lot)
    taken = [["document", shop.invoice, 1000]]
    about = {"document_id": shop.invoice, "customer_id": shop.customer, "state": "taken_back", "taken": taken}
    wallet(LentCredit(lot_id=lot.id, **about))
    subject, text, html = shop.sent("lent_unpaid", {"document_id": shop.invoice})
    assert subject == "€10.00 is open again: your credit was not paid"
    assert "€10.00 of what it had paid is open again" in text
    assert "http://127.0.0.1:8000/account/credit" in html
    shop.change(Document, shop.invoice, state="paid")
    assert send_notice(SYSTEM, shop.queue("lent_unpaid", {"document_id": shop.invoice}, key="again")) == "rejected"


def test_topping_up_that_stopped_tells_why(shop):
    wallet(CustomerWallet(customer_id=shop.customer, top_up_minor=2000, stopped_because="hard_decline"))
    subject, text, _html = shop.sent("top_up_stopped", {})
    assert subject == "Your credit is not topped up by itself any more"
    assert "your bank refused the payment for good" in text
    shop.change(CustomerWallet, shop.customer, stopped_because="")
    assert send_notice(SYSTEM, shop.queue("top_up_stopped", {}, key="again")) == "rejected"


def saved(shop, label, **more):
    row = PaymentMethod(customer_id=shop.customer, account_id=1, token="t", label=label, created_at=clock.now(), **more)
    with writing(SYSTEM) as tx:
        tx.session.add(row)
        tx.session.flush()
        return row.id


def test_a_card_that_ends_is_named_with_its_month_and_where_to_add_another(shop):
    method = saved(shop, "Visa •••• 4242", expires="2027-01")
    subject, text, html = shop.sent("card_expiring", {"method_id": method})
    assert subject == "Your card ends soon: Visa •••• 4242"
    assert "good until the end of January 2027" in text
    assert "http://127.0.0.1:8000/account/payment-methods" in html
    shop.change(PaymentMethod, method, token="")
    assert send_notice(SYSTEM, shop.queue("card_expiring", {"method_id": method}, key="again")) == "rejected"


def test_a_card_that_was_refused_for_good_is_named_with_the_one_that_follows(shop):
    told = {"method_id": saved(shop, "Visa •••• 4242"), "next_method_id": saved(shop, "Visa •••• 1111")}
    subject, text, _html = shop.sent("method_stopped", {"document_id": shop.invoice, **told})
    assert subject == "Visa •••• 4242 can’t be used any more"
    assert "refused Visa •••• 4242 for good" in text
    assert "Visa •••• 1111 is used instead" in text
