"""Setting up, step by step: done when it is there, tried at once, left out and come back to, and taken away again."""

import re
from itertools import pairwise

import pytest
from web_shop import PASSWORD, Browser, Shop

from apps import build_app, close_app
from billhead import clock
from billhead.actions.panels.import_bouquets import import_bouquets
from billhead.actions.setup._steps import STEPS, steps_of
from billhead.actions.setup.open_house import House, open_house
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.work import drain
from billhead.models.catalogue import Bouquet, Plan, Price
from billhead.models.documents import Document
from billhead.models.health import WorkerPulse
from billhead.models.panels import Panel, PanelBouquet
from billhead.models.payments import GatewayAccount, Payment
from billhead.models.sellers import Seller, SellerLogo, TaxRegistration
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import Catalogue, NoticeRejected, PanelUnreachable
from billhead.plugin_host import PluginHost

CTX = Context.system("test")
COMPANY = {
    "name": "North TV", "legal_name": "North TV Oy", "street": "Katu 1", "postcode": "00100", "city": "Helsinki",
    "country": "FI", "currency": "eur", "zone": "Europe/Helsinki", "vat_id": "FI123", "mail_from": "tv@north.example",
}  # fmt: skip


@pytest.fixture
def owner(database_url, tmp_path):
    """Who has just opened an empty house; the panel and the gateways are in memory."""
    from importlib.metadata import entry_points

    from pretend_plugins import plugin_point
    from web_shop import CARDS, PANEL

    from billhead.actions.accounts.hash_password import hash_password
    from billhead.actions.setup.make_code import make_code

    app = build_app(database_url, tmp_path / "home")
    real = [one for one in entry_points(group="billhead.plugins") if one.name.startswith(("theme_", "email", "eu_vat"))]
    app.extensions["billhead"].plugins = PluginHost.load(
        [*real, plugin_point("panel", PANEL), plugin_point("cards", CARDS)]
    )
    with app.app_context():
        hashed = hash_password(PASSWORD, "owner@example.com")
        with writing(CTX) as tx:
            code = make_code(tx).code
        with writing(CTX) as tx:
            open_house(tx, code, House("North", "FI", "EUR", "UTC", "owner@example.com"), hashed)
    browser = Browser(app.test_client())
    browser.sign_in("owner@example.com")
    browser.shop = Shop(app)
    yield browser
    close_app(app)


def send(owner, step, fields=None, query=""):
    return owner.post(f"/admin/setup/{step}{query}", fields or {}, page="/admin/switches")


def done(owner):
    with owner.shop.app.app_context(), reading() as session:
        return {step.name for step in steps_of(session) if step.done}


def furnish(owner, **plan):
    """Panel, plan and gateway, each by its step, as a browser sends it."""
    plan = {"_key": "7" * 32, **plan}
    send(owner, "panel", {"name": "One", "of-module-url": "http://tv.example:8080"}, "?module=memory")
    send(owner, "plan", {"name": "Basic", "kind": "stream", "panel": "memory", "connections": "1", "price_1": "9.99",
                         "price_12": "99", "trial_days": "0", **plan})  # fmt: skip
    send(owner, "gateway", {"name": "Transfer"}, "?gateway=transfer")


def test_an_empty_house_shows_all_steps_and_each_can_be_left_out(owner):
    text = owner.get("/admin/setup").text
    assert "0 of 7 that are needed are done" in text
    path = "/admin/setup/company"
    for step, after in pairwise(STEPS):
        page = owner.get(f"/admin/setup/{step.name}")
        assert page.status_code == 200, step.name
        assert f'href="/admin/setup/{after.name}"' in page.text
    assert owner.get(path).status_code == 200
    assert done(owner) == set()


def test_the_company_as_it_stands_on_invoices(owner):
    assert send(owner, "company", {**COMPANY, "street": ""}).status_code == 422
    refused = send(owner, "company", {**COMPANY, "currency": "EURO"})
    assert (refused.status_code, "not a currency" in refused.text) == (422, True)
    assert send(owner, "company", {**COMPANY, "country": "ZZ"}).status_code == 422
    more = {"legal_name": "North", "iban": "FI2112345600000785", "legal_footer": "Register 7", "einvoice": ""}
    assert owner.post("/admin/sellers/1", more, page="/admin/switches").status_code == 303
    answer = send(owner, "company", COMPANY)
    assert (answer.status_code, answer.location) == (303, "/admin/setup/mail")
    (seller,) = owner.shop.rows(Seller)
    assert (seller.legal_name, seller.country, seller.zone) == ("North TV Oy", "FI", "Europe/Helsinki")
    assert (seller.address["street"], seller.address["email"]) == ("Katu 1", "tv@north.example")
    assert (seller.invoicing["iban"], seller.invoicing["legal_footer"]) == ("FI2112345600000785", "Register 7")
    assert "company" in done(owner)


def test_the_first_order_leads_to_what_it_needs_before_it_is_offered(owner):
    page = owner.get("/admin/setup/order").text.partition("<main")[2].partition("All steps")[0]
    assert "An order needs this first:" in page
    assert "Order it" not in page
    furnish(owner)
    assert "Order it" in owner.get("/admin/setup/order").text


def test_the_currency_stays_once_there_are_documents(owner):
    furnish(owner)
    send(owner, "order")
    refused = send(owner, "company", {**COMPANY, "currency": "USD"})
    assert refused.status_code == 422
    assert "the currency of the books stays" in refused.text


def test_a_test_mail_shows_what_the_server_said(owner, tmp_path, monkeypatch):
    shown = owner.get("/admin/setup/mail").text
    assert 'value="owner@example.com"' in shown
    early = send(owner, "mail/test", {"recipient": "me@example.com"})
    assert (early.status_code, "It was not sent" in early.text) == (422, True)
    assert 'value="me@example.com"' in early.text, "what was typed stays"
    at_field = early.text.partition('id="of-module-host-error"')[2][:300]
    assert "SMTP server is required. Enter the server, or the folder to write to instead." in at_field
    assert "host:" not in early.text
    settings = {"of-module-spool": str(tmp_path / "mails"), "of-module-security": "none", "of-module-port": "25",
                "of-module-timeout_seconds": "5"}  # fmt: skip
    assert send(owner, "mail", settings).location == "/admin/setup/mail"
    assert "Write an address." in send(owner, "mail/test", {"recipient": ""}).text
    told = send(owner, "mail/test", {"recipient": "me@example.com"})
    assert told.location == "/admin/setup/panel"
    assert "written to" in owner.get(told.location).text
    assert len(list((tmp_path / "mails").iterdir())) == 1
    assert "mail" in done(owner)

    def refuse(*_):
        raise NoticeRejected("the server refuses the recipient: 550 no such user")

    with owner.shop.app.app_context():
        from billhead.plugin_host import plugins

        monkeypatch.setattr(type(plugins().channel("email")), "send", refuse)
    refused = send(owner, "mail/test", {"recipient": "me@example.com"}).text
    assert "550 no such user" in refused


def test_a_panel_is_saved_asked_and_its_bouquets_are_brought(owner, monkeypatch):
    with owner.shop.app.app_context():
        from billhead.plugin_host import plugins

        module = type(plugins().module("memory"))
    monkeypatch.setattr(module, "check", lambda *_: (_ for _ in ()).throw(PanelUnreachable("nobody answers")))
    fields = {"name": "One", "bring": "y", "of-module-url": "http://tv.example"}
    answer = send(owner, "panel", fields, "?module=memory")
    assert answer.location == "/admin/setup/panel?module=memory&key=1"
    again = owner.get(answer.location).text
    assert "nobody answers" in again
    assert 'value="http://tv.example"' in again
    assert "panel" not in done(owner)
    monkeypatch.setattr(module, "check", lambda *_: "3 lines")
    monkeypatch.setattr(module, "catalogue", lambda *_: Catalogue({}, {"3": "Sport HD", "5": "Kids", "7": "sport hd"}))
    answer = send(owner, "panel", fields, "?module=memory&key=1")
    assert answer.location == "/admin/setup/plan"
    assert "Bouquets added: 2" in owner.get(answer.location).text
    assert len(owner.shop.rows(Panel)) == 1, "it was corrected, not added again"
    assert [one.code for one in owner.shop.rows(Bouquet)] == ["sport-hd", "kids"]
    assert {one.remote for one in owner.shop.rows(PanelBouquet)} == {"3", "5"}
    with owner.shop.app.app_context():
        assert import_bouquets(CTX, 1).added == 0, "a second time adds nothing"
    monkeypatch.setattr(module, "catalogue", lambda *_: (_ for _ in ()).throw(PanelUnreachable("it is gone")))
    with owner.shop.app.app_context():
        assert import_bouquets(CTX, 1).problem == "it is gone"
    assert "panel" in done(owner)


def test_a_plan_is_made_with_its_prices_in_one_go(owner):
    assert "There is no panel yet" in owner.get("/admin/setup/plan").text
    furnish(owner, trial_days="1")
    (plan,) = owner.shop.rows(Plan)
    prices = owner.shop.rows(Price)
    assert (plan.code, plan.kind) == ("basic", "stream")
    assert sorted(one.amount_minor for one in prices) == [999, 9900]
    assert {one.trial_term for one in prices} == {"1 day"}
    for bad in ({"price_1": "cheap"}, {"price_1": "", "price_12": ""}, {"trial_days": "99"}):
        send_again = {"name": "B", "kind": "stream", "panel": "memory", "connections": "1", "price_1": "1",
                      "trial_days": "0", **bad}  # fmt: skip
        assert send(owner, "plan", send_again).status_code == 422, bad
    assert len(owner.shop.rows(Plan)) == 1
    send(owner, "plan", {"name": "Basic", "kind": "stream", "panel": "memory", "connections": "1", "price_1": "5",
                         "trial_days": "0"})  # fmt: skip
    assert [one.code for one in owner.shop.rows(Plan)] == ["basic", "basic-2"]


def test_a_gateway_is_saved_and_asked(owner):
    busy = send(owner, "gateway", {"name": "Phone", "of-module-page": "busy"}, "?gateway=phone")
    text = owner.get(busy.location).text
    assert "the key is wrong" in text
    fine = send(owner, "gateway", {"name": "Phone", "of-module-page": "x"}, busy.location.partition("gateway")[2])
    assert fine.location == "/admin/setup/tax"
    assert len(owner.shop.rows(GatewayAccount)) == 1
    assert "gateway" in done(owner)


def test_what_is_corrected_is_found_among_many_and_what_others_have_is_not_shown(owner):
    furnish(owner)
    with owner.shop.app.app_context(), writing(CTX) as tx:
        from billhead.actions.sellers.open_seller import open_seller

        other = open_seller(tx, "corner", "Corner", "FI", "EUR", "UTC", "corner@example.com").seller_id
        taken = {"settings": {}, "secrets": ""}
        for n in range(2, 32):
            panel = {"seller_id": 1, "name": f"Panel {n}", "module": "memory"}
            tx.session.add(Panel(**panel, code="memory-2" if n == 2 else f"p{n}", **taken))
            account = {"gateway": "transfer", "currencies": [], "callback_token": f"t{n}", "proof_key": "x"}
            seller = other if n == 3 else 1
            code = "transfer-2" if seller == other else f"a{n}"
            tx.session.add(GatewayAccount(seller_id=seller, name=f"Account {n}", code=code, **account, **taken))
    for step, by, kind, name in (
        ("panel", "?module=memory", Panel, "Panel 31"),
        ("gateway", "?gateway=transfer", GatewayAccount, "Account 31"),
    ):
        (row,) = (one for one in owner.shop.rows(kind) if one.name == name)
        query = f"{by}&key={row.id}"
        assert f'value="{name}"' in owner.get(f"/admin/setup/{step}{query}").text
        fields = {"name": "Corrected", "of-module-url": "http://tv.example:8080"}
        before = len(owner.shop.rows(kind))
        assert send(owner, step, fields, query).status_code == 303
        assert {one.id: one.name for one in owner.shop.rows(kind)}[row.id] == "Corrected"
        assert len(owner.shop.rows(kind)) == before, "it was corrected, not added again"
        assert owner.get(f"/admin/setup/{step}{by}&key={'9' * 30}").status_code == 200
    shown = owner.get("/admin/setup/gateway").text
    assert "Account 2" in shown
    assert "Account 3<" not in shown
    (foreign,) = (one for one in owner.shop.rows(GatewayAccount) if one.seller_id != 1)
    assert "Account 3" not in owner.get(f"/admin/setup/gateway?gateway=transfer&key={foreign.id}").text
    for step, by, kind in (("panel", "?module=memory", Panel), ("gateway", "?gateway=transfer", GatewayAccount)):
        send(owner, step, {"name": "New", "of-module-url": "http://tv.example:8080"}, by)
        assert owner.shop.rows(kind)[-1].code.endswith("-3"), "a code is taken, whoever has it"


def test_tax_is_named_with_where_one_is_registered(owner):
    refused = send(owner, "tax", {"engine": "eu_vat", "registrations": ""})
    assert (refused.status_code, "name where you are registered" in refused.text.lower()) == (422, True)
    assert send(owner, "tax", {"engine": "eu_vat", "registrations": "Finland"}).status_code == 422
    assert send(owner, "tax", {"engine": "eu_vat", "registrations": "FI\nFI"}).status_code == 422
    assert send(owner, "tax", {"engine": "gone", "registrations": "FI"}).status_code == 422
    assert (
        send(owner, "tax", {"engine": "eu_vat", "registrations": "fi domestic FI12345678\nEU oss"}).status_code == 303
    )
    assert [(one.jurisdiction, one.number) for one in owner.shop.rows(TaxRegistration)] == [
        ("FI", "FI12345678"),
        ("EU", ""),
    ]
    assert "tax" in done(owner)
    send(owner, "tax", {"engine": "", "registrations": "FI"})
    assert owner.shop.rows(TaxRegistration) == []


def test_the_worker_is_alive_or_told_how_to_start(owner):
    text = owner.get("/admin/setup/worker").text
    assert "<code>billhead serve</code>" in text
    assert text.count("none was ever seen") == 2, "worker and beat, once each"
    with owner.shop.app.app_context(), writing(CTX) as tx:
        now = clock.now()
        tx.session.add(WorkerPulse(name="w", kind="worker", host="tv1", pid=7, started_at=now, seen_at=now))
    alive = owner.get("/admin/setup/worker").text
    assert re.search(r"Workers: 1 alive on tv1, seen \d+ s ago", alive)
    assert "Scheduler: none was ever seen" in alive
    assert "worker" in done(owner)


def test_the_look_is_one_that_is_installed(owner):
    assert send(owner, "look", {"theme": "midnight", "accent": "#123456"}).status_code == 303
    (seller,) = owner.shop.rows(Seller)
    assert (seller.theme, seller.invoicing["accent"]) == ("midnight", "#123456")
    assert send(owner, "look", {"theme": "nowhere"}).status_code == 422
    assert send(owner, "look", {"theme": "lounge", "accent": "red"}).status_code == 422
    assert owner.shop.rows(SellerLogo) == []


def test_the_first_order_makes_a_line_and_is_taken_away(owner):
    early = send(owner, "order")
    assert (early.status_code, "There is no plan with a price yet" in early.text) == (422, True)
    furnish(owner)
    assert send(owner, "order").status_code == 303
    twice = send(owner, "order")
    assert (twice.status_code, "take it away first" in twice.text) == (422, True)
    waiting = owner.get("/admin/setup/order").text
    assert "Look again" in waiting
    with owner.shop.app.app_context():
        drain()
    (line,) = owner.shop.rows(Service)
    invoices = [one for one in owner.shop.rows(Document) if one.kind == "invoice"]
    assert (line.sync, [(one.state, one.total_minor) for one in invoices]) == ("ok", [("paid", 0)])
    assert owner.shop.rows(Payment) == [], "no money stands in the books that never came"
    shown = owner.get("/admin/setup/order").text
    assert "Look again" not in shown
    assert line.login in shown
    assert "order" in done(owner)
    assert send(owner, "order/remove").status_code == 303
    with owner.shop.app.app_context():
        drain()
    assert [one.lifecycle for one in owner.shop.rows(Service)] == ["gone"]
    assert [one.state for one in owner.shop.rows(Subscription)] == ["canceled"]
    assert send(owner, "order").status_code == 303, "it may be tried again"


def test_each_step_is_for_who_may(owner):
    from billhead.actions.accounts.create_login import create_login
    from billhead.actions.accounts.hash_password import hash_password

    with owner.shop.app.app_context():
        hashed = hash_password(PASSWORD, "reader@example.com")
        with writing(CTX) as tx:
            create_login(tx, 1, "reader@example.com", "staff", password_hash=hashed, permissions=("panels.write",))
    reader = Browser(owner.shop.app.test_client())
    reader.sign_in("reader@example.com")
    shown = reader.get("/admin/setup").text
    assert 'href="/admin/setup/panel"' in shown
    assert 'href="/admin/setup/company"' not in shown
    may = {step.name: reader.get(f"/admin/setup/{step.name}").status_code for step in STEPS}
    assert {name for name, status in may.items() if status == 200} == {"panel"}
    assert set(may.values()) == {200, 403}
    assert reader.post("/admin/setup/order/remove", {}, page="/admin/switches").status_code == 403
