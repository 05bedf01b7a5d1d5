"""Every page of the shop, of signing in, of all areas, in each language: no English is left on it."""

import re

from page_words import in_latin_letters, left_in_english
from reseller_area import Area
from sqlalchemy import select
from web_shop import BOX, Browser, Shop
from white_label import open_shops

from billhead import clock
from billhead.actions.credits._top_up import TOP_UP
from billhead.actions.staff._starting import make_starting_roles
from billhead.actions.subscriptions.hold import hold
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.locale import write_catalogues
from billhead.models.content import ContentPage, ContentText, ContentVersion
from billhead.models.documents import DocumentLine
from billhead.models.helping import HelpArticle
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service
from billhead.models.support import Department
from billhead.models.tax import TaxIdCheck
from billhead.wording import PAGE_LANGUAGES, wording

AREAS = ("storefront", "accounts", "customer", "security")
OTHERS = [code for code in PAGE_LANGUAGES if code != "en"]
ARGUMENT = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
NO_PAGE = re.compile(r"\.(css|csv|pdf)$|^/logo$|/e-invoice$|^/help/suggest|^/a/")
"""Files, and answers to programs."""
GONE = ("/no-such-page", "/plans/old", "/sign-in/provider")
"""Also where people sign in at a provider: none is set up here."""
NOTHING_TO_END = ("/account/subscriptions/1/resume", "/account/subscriptions/1/keep")
"""It runs, and no end is planned: the fourth is on hold and canceled."""
ENGLISH = {"Accept-Language": "en"}
REFUSED_TO_RESELLERS = (
    ("/reseller/users/new", {"offer": "basic|1 month", "name": ""}),
    ("/reseller/users/new", {"offer": "basic|1 month", "name": "Zoe", "email": "nowhere"}),
    ("/reseller/users/new", {"offer": "box|1 month", "name": "Zoe", "mac": "12"}),
    ("/reseller/users/new", {"offer": "box|1 month", "name": "Zoe", "mac": BOX}),
    ("/reseller/users/new", {"offer": "box|1 month", "name": "Zoe", "mac": ""}),
    ("/reseller/users/new", {"offer": "basic|12 months", "name": "Zoe"}),
    ("/reseller/users/new", {"offer": "basic|12 months", "name": "Zoe", "trial": "yes"}),
    ("/reseller/messages/new", {"pick": "1"}),
    ("/reseller/messages/new", {"pick": "1", "subject": "", "words": "", "language": "de"}),
    ("/reseller/users/many", {}),
    ("/reseller/users/many", {"pick": "3"}),
    ("/reseller/users/many", {"pick": "{held}"}),
    ("/reseller/users/many", {"pick": "1", "sure": "as before"}),
    ("/reseller/users/{held}/renew", {"seen": "x"}),
    ("/reseller/users/1/change", {"offer": "basic|1 month", "way": "convert", "sure": "x"}),
    ("/reseller/users/1/terminate", {"seen": "as before"}),
    ("/reseller/users/2/lines/{box}/box", {"mac": "zz", "seen": "x"}),
    ("/reseller/prices", {"offer": "basic|1 month", "amount": "much"}),
    ("/reseller/prices", {"offer": "basic|1 month", "amount": ""}),
    ("/reseller/prices", {"basic|1 month": "-3"}),
    ("/reseller/keys", {"name": ""}),
    ("/reseller/shop", {"name": "", "mail_from": "x"}),
    ("/reseller/shop/looks", {"theme": "lounge", "light-accent": "red", "save": ""}),
    ("/reseller/shop/prices", {"basic|1 month": "-3"}),
    ("/reseller/shop/payment/cards", {"name": ""}),
    ("/reseller/shop/hosts", {"host": "no name"}),
    ("/reseller/credits/buy", {"package": "none"}),
    ("/reseller/credits/pass-on", {"to": "{resellers}", "amount": "5000"}),
    ("/reseller/credits/pass-on", {"to": "{resellers}", "amount": "0"}),
    ("/reseller/credits/pass-on", {"to": "{resellers}", "amount": "1.234"}),
    ("/reseller/resellers/new", {"plan": "partner", "name": "Nord", "email": "baltic@example.com"}),
    ("/reseller/resellers/{resellers}/rights", {"name": "Baltic", "sells": "basic", "trials_per_day": "900"}),
    ("/reseller/resellers/{suspended}/suspend", {"lines": "run_out"}),
)
"""What it sends that is not right, or not right any more."""


def test_no_page_leaves_english_in_another_language(shop: Shop):
    ada = _customer_of_long_standing(shop)
    visitor = shop.visitor()
    faults, seen = [], set()
    ada.get("/")  # what her story was told, in English
    for language in OTHERS:
        catalogue = write_catalogues.catalogue(language)
        for browser in (visitor, ada):
            browser.post("/language", {"language": language, "back": "/"})
        visitor.post("/plans/basic", {"term": "1 month"})
        for browser, path in ((browser, path) for path in _paths(shop) for browser in (visitor, ada)):
            answer = browser.get(path)
            if answer.status_code in (302, 303):
                continue
            seen.add(path)
            if answer.status_code != (404 if path in GONE else 409 if path in NOTHING_TO_END else 200):
                faults.append(f"{path}: {answer.status_code}")
            faults += [f"{path} in {language}: {text!r}" for text in _wrong(answer.text, language, catalogue)]
    assert faults == []
    assert len(seen) >= 45


def test_a_reseller_reads_no_english_either(area: Area):
    aurora, known = _reseller_of_long_standing(area)
    faults, seen = [], set()
    for language in OTHERS:
        catalogue = write_catalogues.catalogue(language)
        aurora.post("/language", {"language": language, "back": "/"}, page="/reseller/")
        paths = _paths_of(area.shop, known | {"language": language}, "reseller", "security")
        answers = [(path, aurora.get(path)) for path in paths]
        for path, fields in REFUSED_TO_RESELLERS:
            path, fields = path.format(**known), {name: str(value).format(**known) for name, value in fields.items()}
            answers.append((f"{path} {fields}", aurora.post(path, fields, page="/reseller/", follow_redirects=True)))
        for path, answer in answers:
            if answer.status_code in (302, 303):
                continue
            seen.add(path)
            if answer.status_code not in (200, 403, 409, 422):
                faults.append(f"{path}: {answer.status_code}")
            wrong = _wrong(answer.text, language, catalogue)
            written = _CODES_OF_GUIDES if path == "/reseller/shop/guides" else ()
            faults += [f"{path} in {language}: {text!r}" for text in wrong if text not in written]
        for path in ("/reseller/users?format=csv", "/reseller/credits?format=csv", "/reseller/margin?format=csv"):
            heads = aurora.get(path).text.lstrip("\ufeff").splitlines()[0]
            if heads != aurora.get(path, headers=ENGLISH).text.lstrip("\ufeff").splitlines()[0]:
                faults.append(f"{path}: heads by the browser, not by the choice")
            if any(head in heads.split(",") for head in ("paid_until", "without_price", "reason")):
                faults.append(f"{path} in {language}: {heads}")
    assert faults == []
    assert len(seen) >= 40


def test_staff_read_no_english_either(shop: Shop, request):
    """Every page of the admin area that has no number in its address, and those of the first of everything; in Arabic
    and German, and with `--full` in the others too."""
    _customer_of_long_standing(shop)
    boss = shop.person("staff", "boss@example.com", "*")
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        make_starting_roles(tx)
        said = {"vat_id": "DE123456789", "checker": "register", "outcome": "unavailable", "at": clock.now()}
        why = "tax id service of register did not answer: ConnectError"
        tx.session.add(TaxIdCheck(customer_id=1, error=why, **said))
    rules = [rule for rule in shop.app.url_map.iter_rules() if rule.endpoint.startswith("admin.")]
    addresses = [re.sub(r"<int:key>", "1", rule.rule) for rule in rules if "GET" in rule.methods]
    paths = [path for path in addresses if "<" not in path and not NO_PAGE.search(path) and path != NOTICES]
    paths += NARROWED
    faults, seen = [], set()
    for language in OTHERS if request.config.getoption("--full") else ("ar", "de"):
        catalogue = write_catalogues.catalogue(language)
        boss.post("/language", {"language": language, "back": "/admin/"}, page="/admin/")
        for path in paths:
            answer = boss.get(path)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                seen.add(path)
                left = set(_wrong(answer.text, language, catalogue)) - _NAMED_TO_STAFF
                if language == "ar" and path not in _ZONES:
                    left |= {text for text in in_latin_letters(answer.text) if not _NAMES.fullmatch(text)}
                faults += [f"{path} in {language}: {text!r}" for text in left]
            elif answer.status_code >= 500:
                faults.append(f"{path} in {language}: {answer.status_code}")
    assert faults == []
    assert len(seen) >= 100


NARROWED = [
    "/admin/tickets?unassigned=1",
    "/admin/tickets?assignee=1&department=1",
    "/admin/documents?customer=1&run=1",
    "/admin/services?panel=1&subscription=1",
]
"""Lists that other pages lead to."""
_NAMES = re.compile(
    r"[A-Z]\w+/[\w/+-]+"  # time zones
    r"|\W*[\d.,]*\W*[A-Z]{2,4}( [\d. ]+|( \d\.\d)? \(XML\)|¥\u2069\u2069)?"  # currencies, abbreviations
    r"|[a-z]{3}, [A-Z]{3}"
    r"|[\w.+-]+@[\w.]+|[a-z]+_id: .*|(ip|email): .*|[a-z]+\.[a-z_]+|[a-z_]+:[\w.]+|[a-z]+(_[a-z]+)+"  # of machines
    r"|billhead-.*|/pages/.*|\{.*"
    r"|(u|doc\d-a\d-)[a-z0-9]{6,9}|sqlite .*|.* UTC, .* s from the database's|NotFound: .*"
    r"|There is no notification channel.*"
    r"|(.* · )?NorthCable( Oy)?|Ada Lovelace|Kein Ton|Ton|Lauter!|register|test|visitor|Werkzeug/.*|Visa •••• 4242"
    r"|(Basic|Basic for boxes|Gift|Hidden|Old|Second screen)( \(\w+\)|: .*)?|Card|Bank transfer|Transfer|One"
    r"|Payment page|Signing key|content-length|user-agent|x-key"
    r"|\w+ in memory|Without its feed: no viewing history\.|stream one|FI domestic|Factur-X \(PDF with data\)"
    r"|Markdown\."
    r"|Console|Lounge|Midnight|English|Deutsch|Español|Français|Türkçe|cards, phone, transfer"
    r"|basic|box|cards|gift|hidden|old|one|screen|transfer|panel|memory|tv|everywhere|host|console|lounge|midnight"
    r"|owner|billing|support|technician|read-only|mag|enigma2|sms|telegram|webhook|ppv|mac|eur|jpy|tls|starttls"
)
"""What an Arab reads in Latin letters, too: names of people, things, zones, channels, codes of machines, and what
the plugins of these tests say."""
_ZONES = ("/admin/setup/company", "/admin/guides")
"""Pages with more of them than can be named: time zones of old, guides in each language."""
NOTICES = "/admin/notice-texts"
"""It shows the texts of mails, each in its own language."""
_NAMED_TO_STAFF = frozenset(
    {
        "One", "one", "transfer", "visitor", "host", "panel", "plans", "everywhere", "mag", "enigma2", "stream",
        "owner", "billing", "Address", "User name", "Password", "none",
        "viewing history", "password link", "MAG box", "Enigma2 receiver",
        "Faults: %(bad)s, to look at: %(warn)s, fine: %(ok)s. <code>billhead doctor</code> says the same.",
        "Each as a table, as CSV, and by <code>billhead report</code>.",
    }
)  # fmt: skip
"""Names of panels and accounts, actors, kinds and headers as machines write them, settings of plugins and mailboxes,
titles of the house's guides in English, and commands."""
_CODES_OF_GUIDES = frozenset({"mag", "enigma2"})
"""Of which two are kinds of lines as well."""
_NAMED = frozenset({"Card", "Reference", "box"})
"""By the operator, a gateway or a plan's code: they stand as written, though some page says the same word itself."""


def _wrong(html: str, language: str, catalogue) -> list[str]:
    beginning = f'<html lang="{language}"' + (' dir="rtl"' if wording(language).right_to_left else "")
    left = [text for text in left_in_english(html, catalogue) if text not in _NAMED]
    return [*([] if beginning in html else ["no " + beginning]), *left]


def _customer_of_long_standing(shop: Shop) -> Browser:
    """She watches a line and a box, owes an order, has a card and a family, and wrote to us."""
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="NorthCable", position=1))
        article = {"slug": "no-sound", "title": "Kein Ton", "body": "Lauter!", "published": True, "category": "Ton"}
        found_by = {"title_words": "kein ton", "words": "lauter", "changed_at": clock.now()}
        tx.session.add(HelpArticle(seller_id=shop.seller_id, **article, **found_by))
    shop.change(Seller, shop.seller_id, referrals={"on": True, "rewards": {"EUR": [500, 300]}})
    ada = shop.customer()
    shop.order(ada, "basic", save="1")
    shop.pay(save=True)
    shop.work()
    shop.order(ada, "box", mac=BOX)
    shop.pay(event="evt_2")
    shop.work()
    shop.order(ada, "basic", account=str(shop.accounts["transfer"]))
    ada.post("/account/tickets/new", {"department": "1", "subject": "Ton", "text": "Kein Ton"})
    ada.post("/account/family/new", {"email": "bob@example.com", "rights": ["own.pay"]})
    ada.post("/account/lines/1/code")
    shop.order(ada, "basic")
    shop.pay(event="evt_3")
    shop.work()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        hold(tx, 4)
    ada.post("/account/subscriptions/4/cancel")
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        page = {"seller_id": shop.seller_id, "slug": "no-sound", "place": "menu", "must_agree": True}
        tx.session.add(ContentPage(id=1, **page))
        tx.session.add(ContentText(page_id=1, language="de", newest=1, shown=1))
        words = {"title": "Kein Ton", "body": "Lauter!", "at": clock.now(), "author": "x"}
        tx.session.add(ContentVersion(page_id=1, language="de", number=1, **words))
    shop.change(Seller, shop.seller_id, top_ups={"EUR": {"least": 500, "most": 50000, "offered": [2500]}})
    assert ada.post("/account/credit/buy", {"choice": "25.00"}, page="/account/credit").status_code == 303
    return ada


def _reseller_of_long_standing(area: Area) -> tuple[Browser, dict[str, object]]:
    """Aurora has users in all states, one that waits for its panel, keys, prices, an order of credits, one below it
    that is suspended, and has renewed many; whoever is below it has no credits left."""
    aurora = area.browsers["aurora"]
    open_shops(area)
    area.add("aurora", "Anna", email="anna@example.com")
    area.add("aurora", "Bob", offer="box|1 month", mac=BOX)
    area.add("aurora", "Cleo", trial="yes")
    area.shop.work()
    area.add("baltic", "Dora")
    area.shop.work()
    aurora.post("/reseller/prices", {"offer": "basic|1 month", "amount": "14.90"})
    aurora.post("/reseller/keys", {"name": "Kasse"})
    aurora.post("/reseller/credits/buy", {"package": "hundred"})
    told = {"pick": ["1", "2"]}
    page = aurora.post("/reseller/users/many", told)
    aurora.post("/reseller/users/many", {**told, "sure": re.search(r'name="sure" value="([^"]*)"', page.text)[1]})
    _written_to(aurora, "1")
    area.shop.work()
    aurora.post("/reseller/users/many", {"pick": ["3"], "sure": ""})
    aurora.yes("/reseller/users/3/disable")
    coast = f"/reseller/resellers/{area.ids['coast']}/suspend"
    aurora.yes(coast, lines="run_out")
    area.add("aurora", "Emil")  # its line is being made still
    with area.shop.app.app_context(), reading() as session:
        lines = {one.subscription_id: one.id for one in session.scalars(select(Service))}
    known: dict[str, object] = {
        "users": 1, "held": 5, "resellers": area.ids["baltic"], "suspended": area.ids["coast"], "keys": 1,
        "many": 1, "messages": 1, "line": lines[1], "box": lines[2],
    }  # fmt: skip
    return aurora, known


def _written_to(aurora: Browser, *picked: str) -> None:
    letter = {"subject": "Ton", "words": "Kein Ton", "language": "de"}
    form = aurora.post("/reseller/messages/new", {"pick": list(picked)}).text
    letter["to"] = re.findall(r'name="to" value="(\d+)"', form)
    seen = re.search(r'name="seen"[^>]* value="(\w+)"', aurora.post("/reseller/messages/new", letter).text)[1]
    assert aurora.post("/reseller/messages/new", {**letter, "seen": seen}).status_code == 303


def _paths_of(shop: Shop, known: dict[str, object], *areas: str) -> list[str]:
    """Those of a reseller: `<key>` is of what stands before it in the address."""
    found = [
        "/reseller/users/3",
        "/reseller/users/{held}",
        "/reseller/users/{held}/ready",
        "/reseller/resellers/{suspended}",
        "/reseller/users?q=nobody",
        "/reseller/credits?from=x",
        "/reseller/margin?from=2026-02-02&to=2026-01-01",
        "/reseller/users/1/change?offer=basic|12+months&way=new_term",
        "/reseller/users/1/change?offer=&addon-screen=1&way=convert",
        "/reseller/users/1/access?new=yes&language={language}",
        "/reseller/users/2/access?language={language}",
        "/reseller/margin?below=yes",
        "/reseller/credits?kind=credits_held",
    ]
    for rule in shop.app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] not in areas or "GET" not in rule.methods or "<language>" in rule.rule:
            continue
        if rule.endpoint in ("reseller.access", "reseller.shop_look_css"):  # in the user's own language; no page
            continue
        path = re.sub(r"/(\w+)/<int:key>", r"/\1/{\1}", rule.rule).replace("<gateway>", "cards")
        found.append(path.replace("<int:service_id>", "{box}" if path.endswith("/box") else "{line}"))
    paths = [path.replace("{users}", "2") if "{box}" in path else path for path in found]
    return [path.format(**known) for path in paths if "<" not in path]


def _paths(shop: Shop) -> list[str]:
    """Of what is there: the customer's first line, the box, the order that is still open."""
    with shop.app.app_context(), reading() as session:
        member = session.scalars(select(User.id).where(User.family)).one()
        box = session.scalars(select(Service.id).where(Service.kind == "mag")).one()
    known = {
        "code": "basic", "subscription_id": 1, "service_id": box, "document_id": 2, "attempt_id": 3, "ticket_id": 1,
        "user_id": member, "language": "en", "slug": "no-sound",
    }  # fmt: skip
    with shop.app.app_context(), reading() as session:
        (ordered,) = session.scalars(select(DocumentLine.document_id).where(DocumentLine.kind == TOP_UP))
    found = [
        "/pay/5",
        f"/account/credit/orders/{ordered}/drop",
        "/account/documents/1",
        "/account/subscriptions/2",
        "/account/subscriptions/4/resume",
        "/account/subscriptions/4/keep",
        "/account/lines/1",
        "/account/lines/1/live",
        *GONE,
    ]
    for rule in shop.app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] not in AREAS or "GET" not in rule.methods or NO_PAGE.search(rule.rule):
            continue
        if rule.endpoint == "customer.drop_credit":  # of another order than the other pages
            continue
        if not set(ARGUMENT.findall(rule.rule)) <= known.keys():
            continue
        found.append(ARGUMENT.sub(lambda named: str(known[named[1]]), rule.rule))
    return found
