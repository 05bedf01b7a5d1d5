"""Staff sign in at their own provider: against one on a socket, with tokens that are forged, spoilt or taken twice."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from fake_oidc import CLIENT, SECRET, Provider, key, serving
from web_shop import PASSWORD, Browser, Shop
from white_label import WhiteLabel

from billhead.actions.accounts._put_email import put_email
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import User, UserSession
from billhead.models.sign_in import CodeApp, HalfSignIn, KnownDevice, LinkedIdentity, SignInProvider, SignInTrip
from billhead.plugin_host import vault

MAIL = "staff@northcable.example"


@pytest.fixture
def provider():
    with serving() as one:
        yield one


def provider_form(provider: Provider) -> dict[str, str]:
    return {"label": "Our directory", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET}


def set_up(shop: Shop, provider: Provider, **more) -> Browser:
    """A staff login, and the provider as an owner has entered it."""
    owner = shop.person("staff", "owner@northcable.example", "*")
    shop.person("staff", MAIL, "tickets.write")
    path = f"/admin/sellers/{shop.seller_id}/single-sign-on"
    answer = owner.post(path, provider_form(provider) | {"enabled": "y"} | more)
    assert answer.status_code == 303, answer.text
    return owner


def go(shop: Shop, provider: Provider, browser: Browser | None = None):
    """(the browser, where it is sent after it came back)."""
    browser = browser or shop.visitor()
    away = browser.get("/sign-in/provider")
    assert away.location.startswith(f"{provider.issuer}/authorization_endpoint?"), away.location
    return browser, browser.get("/sign-in/provider/back" + provider.arrive(away.location)).location


def told(shop: Shop) -> list[str]:
    return [one.data["what"] for one in shop.rows(Notice) if one.kind == "security_change"]


def add(shop: Shop, *rows) -> None:
    from billhead.db import writing
    from billhead.domain.context import Context

    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add_all(rows)


def code_app(user_id: int) -> CodeApp:
    from billhead import clock

    return CodeApp(user_id=user_id, secret="sealed", created_at=clock.now(), confirmed_at=clock.now())


def test_staff_sign_in_at_their_provider(any_shop: Shop, provider: Provider):
    shop = any_shop
    set_up(shop, provider)
    assert "Sign in with Our directory" in shop.visitor().get("/sign-in").text
    browser, landed = go(shop, provider)
    assert landed == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/admin/staff/new").status_code in (403, 404), "no right but its own"
    (link,) = shop.rows(LinkedIdentity)
    assert (link.subject, link.issuer) == ("s-17", provider.issuer)
    assert shop.rows(SignInTrip) == []
    told = [one.details["by"] for one in shop.rows(AuditEntry) if one.action == "accounts.sign_in"]
    assert told[-1] == "single sign-on"

    # by the subject from now on, whatever the address there
    provider.claims |= {"email": "renamed@elsewhere.example"}
    assert go(shop, provider)[1] == "/admin/"
    # and nobody else gets the login by getting the address
    provider.claims |= {"sub": "s-99", "email": MAIL}
    assert go(shop, provider)[1] == "/sign-in"
    # keys are kept, not asked for each time
    assert provider.asked.count("/jwks") == 1
    assert SECRET not in shop.rows(SignInProvider)[0].client_secret


SPOILT = {
    "another audience": {"aud": "somebody-else"},
    "for several, not by us": {"aud": [CLIENT, "else"], "azp": "else"},
    "another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": int(time.time()) - 3600},
    "without an end": {"exp": None},
    "old": {"iat": int(time.time()) - 3600},
    "another nonce": {"nonce": "x"},
    "without a nonce": {"nonce": None},
    "without a subject": {"sub": None},
    "an address that is not verified": {"email_verified": False},
    "an address that nobody has here": {"email": "nobody@northcable.example"},
}


def test_a_token_that_does_not_hold_opens_nothing(shop: Shop, provider: Provider):
    set_up(shop, provider)
    sound = provider.claims
    for what, spoilt in SPOILT.items():
        provider.claims = sound | spoilt
        browser, landed = go(shop, provider)
        assert landed == "/sign-in", what
        assert "did not work" in browser.get("/sign-in").text, what
        assert browser.get("/admin/").status_code == 303, what
        assert shop.rows(LinkedIdentity) == [], what
    provider.claims = sound
    assert go(shop, provider)[1] == "/admin/", "nothing else was wrong"


def test_a_token_that_the_provider_did_not_sign_opens_nothing(shop: Shop, provider: Provider):
    set_up(shop, provider)
    for algorithm, signer in (("none", None), ("HS256", None), ("RS256", key("one", "somebody else"))):
        provider.algorithm, provider.sign_with = algorithm, signer
        assert go(shop, provider)[1] == "/sign-in", algorithm
        assert shop.rows(LinkedIdentity) == [], algorithm
    provider.sign_with = None
    assert go(shop, provider)[1] == "/admin/", "nothing else was wrong"


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(shop: Shop, provider: Provider):
    set_up(shop, provider)
    browser = shop.visitor()
    back = "/sign-in/provider/back" + provider.arrive(browser.get("/sign-in/provider").location)
    assert shop.visitor().get(back).location == "/sign-in", "a stranger's browser"
    assert browser.get(back).location == "/admin/"
    again = shop.visitor()
    again.client.set_cookie("billhead_sso", back.rpartition("=")[2])
    assert again.get(back).location == "/sign-in", "replayed"
    assert shop.visitor().get("/sign-in/provider/back").location == "/sign-in"


def test_new_keys_of_the_provider_are_fetched(shop: Shop, provider: Provider):
    set_up(shop, provider)
    assert go(shop, provider)[1] == "/admin/"
    provider.key = key("two")
    assert go(shop, provider)[1] == "/admin/"
    assert provider.asked.count("/jwks") == 2


def test_at_a_shop_people_come_back_to_where_they_left(white_label: WhiteLabel, provider: Provider):
    white_label.host("aurora", "tv.aurora.example")
    owner = white_label.shop.person("staff", "owner@northcable.example", "*")
    for who in ("aurora", "gulf"):
        white_label.customer(who, ADA)
    for who, host, path, home in (
        ("aurora", "tv.aurora.example", "", "http://tv.aurora.example:8000"),
        ("gulf", "", "/shop/gulf", "http://127.0.0.1:8000/shop/gulf"),
    ):
        form = f"/admin/sellers/{white_label.sellers[who]}/single-sign-on"
        assert owner.post(form, provider_form(provider) | {"enabled": "y", "for_customers": "y"}).status_code == 303
        told = owner.get(form).text
        assert f"There, allow {home}/sign-in/provider/back" in told
        code = {"aurora": "aurora-tv"}.get(who, who)  # its path answers beside a host
        assert f"http://127.0.0.1:8000/shop/{code}/sign-in/provider/back." in told
        provider.claims = {"sub": f"c-{who}", "email": ADA, "email_verified": True}
        browser = white_label.visitor(who, host)
        away = browser.get("/sign-in/provider")
        asked = parse_qs(urlsplit(away.location).query)
        assert asked["redirect_uri"] == [f"{home}/sign-in/provider/back"]
        cookie = away.headers["Set-Cookie"]
        assert cookie.startswith(f"billhead_sso{path and '.gulf'}=")
        assert f"Path={path or '/'}" in cookie
        assert browser.get("/sign-in/provider/back" + provider.arrive(away.location)).location == f"{path}/account/"
        assert browser.get("/account/").status_code == 200


def test_who_is_at_home_in_a_resellers_shop_is_told_so_and_nothing_of_their_login_changes(
    white_label: WhiteLabel, provider: Provider
):
    """Anna is a user of Aurora's, and signs in at its shop; she has another address by now."""
    shop, area = white_label.shop, white_label.area
    set_up(shop, provider, for_customers="y")
    key = area.add("aurora", "Anna", email="anna@example.com")
    shop.work()
    assert area.browsers["aurora"].yes(f"/reseller/users/{key}/let-in").status_code == 303
    (sealed,) = (one.data["sealed_token"] for one in shop.rows(Notice) if one.kind == "invited")
    with shop.app.app_context():
        link = f"/set-password/{vault().decrypt(sealed)}"
    assert white_label.visitor("aurora").post(link, {"password": PASSWORD}).status_code == 303
    (login,) = shop.rows(User, User.email == "anna@example.com")
    white_label.act(lambda tx: put_email(tx, tx.session.get_one(User, login.id), ADA, "email_changed"))
    provider.claims = {"sub": "c-1", "email": ADA, "email_verified": True}
    browser = shop.visitor()
    away = browser.get("/sign-in/provider")
    answer = browser.get("/sign-in/provider/back" + provider.arrive(away.location))
    assert (answer.status_code, "Your account is at Aurora TV" in answer.text) == (403, True)
    assert shop.rows(LinkedIdentity) == []
    assert told(shop) == ["email_changed"]
    assert white_label.visitor("aurora").sign_in(ADA).status_code == 303, "by the same password"


def test_the_second_step_and_a_disabled_login_hold(shop: Shop, provider: Provider):
    set_up(shop, provider)
    (staff,) = shop.rows(User, User.email == MAIL)
    add(shop, code_app(staff.id))
    browser, landed = go(shop, provider)
    assert landed.startswith("/sign-in/")
    assert browser.get("/admin/").status_code == 303
    shop.change(User, staff.id, disabled=True)
    browser, landed = go(shop, provider)
    assert landed == "/sign-in"
    assert "Signing in there did not work" in browser.get(landed).text


def test_who_has_proved_a_login_that_staff_disabled_reads_why_and_nobody_else(shop: Shop, provider: Provider):
    set_up(shop, provider)
    (staff,) = shop.rows(User, User.email == MAIL)
    shop.change(User, staff.id, disabled=True, disabled_because="on leave until May")

    def told() -> str:
        browser, landed = go(shop, provider)
        assert landed == "/sign-in"
        assert browser.get("/admin/").status_code == 303
        return browser.get(landed).text

    assert "This login is disabled: on leave until May" in told()
    assert shop.rows(LinkedIdentity) == [], "nothing is linked to a login that is disabled"
    provider.claims |= {"email_verified": False}
    assert "on leave" not in told()
    provider.claims |= {"email_verified": True}
    shop.change(User, staff.id, disabled=False)
    assert go(shop, provider)[1] != "/sign-in"
    shop.change(User, staff.id, disabled=True)
    provider.claims |= {"sub": "somebody-else"}
    assert "on leave" not in told(), "somebody else has that address there now"


def test_customers_only_where_the_seller_says_so(shop: Shop, provider: Provider):
    owner = set_up(shop, provider)
    shop.customer()
    provider.claims = {"sub": "c-1", "email": "ada@example.com", "email_verified": True}
    assert go(shop, provider)[1] == "/sign-in"
    told = {"label": "Our directory", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": ""}
    path = f"/admin/sellers/{shop.seller_id}/single-sign-on"
    assert owner.post(path, told | {"enabled": "y", "for_customers": "y"}).status_code == 303
    assert go(shop, provider)[1] == "/account/"
    assert owner.post(path, told).status_code == 303
    assert shop.visitor().get("/sign-in/provider").status_code == 404, "switched off"
    assert shop.visitor().sign_in(MAIL, PASSWORD).status_code == 303, "the password works as before"


def test_what_the_provider_is_has_to_hold(shop: Shop, provider: Provider):
    owner = set_up(shop, provider)
    told = {"label": "x", "issuer": "http://login.example.com", "client_id": "x", "client_secret": "y"}
    path = f"/admin/sellers/{shop.seller_id}/single-sign-on"
    assert "an address with https" in owner.post(path, told).text
    provider.named = "https://somebody.example"
    assert shop.visitor().get("/sign-in/provider").location == "/sign-in"
    reader = shop.person("staff", "reader@northcable.example", "sellers.write")
    assert reader.get(path).status_code == 403


def test_only_an_owner_names_the_provider(shop: Shop, provider: Provider):
    """Who names it could come in as the owner, by a token that says so."""
    set_up(shop, provider)
    deputy = shop.person("staff", "deputy@northcable.example", "staff.write", "sellers.write")
    mine = {"label": "Mine", "issuer": "https://login.evil.example", "client_id": "x", "client_secret": "y"}
    answer = deputy.post(f"/admin/sellers/{shop.seller_id}/single-sign-on", mine | {"enabled": "y"})
    assert answer.status_code == 422
    assert "only an owner does" in answer.text
    assert shop.rows(SignInProvider)[0].issuer == provider.issuer
    assert "single-sign-on" not in deputy.get(f"/admin/sellers/{shop.seller_id}").text, "not offered either"


@pytest.mark.parametrize("changed", [{"issuer": "https://login.evil.example"}, {"client_id": "another"}])
def test_a_stored_secret_goes_to_nobody_else(shop: Shop, provider: Provider, changed: dict[str, str]):
    owner = set_up(shop, provider)
    path = f"/admin/sellers/{shop.seller_id}/single-sign-on"
    same = {"label": "Renamed", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": "", "enabled": "y"}
    assert owner.post(path, same).status_code == 303
    answer = owner.post(path, same | changed)
    assert answer.status_code == 422
    assert "is needed for another issuer or client id" in answer.text.lower()
    (row,) = shop.rows(SignInProvider)
    assert (row.label, row.issuer, row.client_id) == ("Renamed", provider.issuer, CLIENT)
    assert owner.post(path, same | changed | {"client_secret": "new"}).status_code == 303


ADA = "ada@example.com"


def test_who_signed_up_with_a_strangers_address_loses_it_to_its_owner(any_shop: Shop, provider: Provider):
    shop = any_shop
    set_up(shop, provider, for_customers="y")
    mallory = shop.customer(ADA)
    (login,) = shop.rows(User, User.email == ADA)
    half = HalfSignIn(user_id=login.id, token_hash="half", expires_at=login.created_at)
    add(shop, code_app(login.id), half)
    provider.claims = {"sub": "c-1", "email": ADA, "email_verified": True}
    ada, landed = go(shop, provider)
    assert landed == "/account/", "and no code of a stranger's app is asked for"
    assert ada.get("/account/").status_code == 200
    assert mallory.get("/account/").status_code == 303
    assert shop.visitor().sign_in(ADA).status_code == 422
    assert shop.rows(CodeApp) == shop.rows(HalfSignIn) == []
    assert len(shop.rows(UserSession, UserSession.user_id == login.id)) == 1
    assert len(shop.rows(KnownDevice, KnownDevice.user_id == login.id)) == 1
    assert told(shop) == ["sso_claimed"]
    (trail,) = (one for one in shop.rows(AuditEntry) if one.action == "accounts.linked")
    assert trail.details["ways_in_forgotten"] is True

    # it is hers now: what she sets up stays, also when she links it anew
    add(shop, code_app(login.id))
    (link,) = shop.rows(LinkedIdentity)
    assert ada.post(f"/security/links/{link.id}/remove").status_code == 303
    assert go(shop, provider)[1].startswith("/sign-in/")
    assert len(shop.rows(CodeApp)) == 1
    assert told(shop) == ["sso_claimed", "sso_unlinked", "sso_linked"]


def test_who_has_proved_the_address_keeps_password_and_second_step(shop: Shop, provider: Provider):
    set_up(shop, provider, for_customers="y")
    shop.customer(ADA)
    assert shop.visitor().post("/forgotten-password", {"email": ADA}).status_code in (200, 303)
    shop.work()
    (link,) = (one.data["sealed_token"] for one in shop.rows(Notice) if one.kind == "password_link")
    with shop.app.app_context():
        token = vault().decrypt(link)
    new = "quite another sentence"
    assert shop.visitor().post(f"/set-password/{token}", {"password": new}).status_code == 303
    (login,) = shop.rows(User, User.email == ADA)
    add(shop, code_app(login.id))
    provider.claims = {"sub": "c-1", "email": ADA, "email_verified": True}
    assert go(shop, provider)[1].startswith("/sign-in/"), "the second step is asked for all the same"
    assert shop.visitor().sign_in(ADA, new).status_code == 303
    assert told(shop)[-1] == "sso_linked"


def test_a_link_is_seen_told_and_taken_away(shop: Shop, provider: Provider):
    owner = set_up(shop, provider)
    browser, _landed = go(shop, provider)
    assert told(shop)[0] == "sso_linked"
    assert shop.visitor().sign_in(MAIL, PASSWORD).status_code == 303, "staff's password was given by the house"
    (link,) = shop.rows(LinkedIdentity)
    page = browser.get("/security/").text
    assert provider.issuer in page
    remove = f"/security/links/{link.id}/remove"
    assert remove in page
    assert owner.get(remove).status_code == owner.post(remove).status_code == 404, "of somebody else"

    # who sits down at an open browser is asked for the password first
    from datetime import timedelta

    from billhead import clock

    for one in shop.rows(UserSession):
        shop.change(UserSession, one.id, confirmed_at=clock.now() - timedelta(minutes=16))
    assert browser.get(remove).location.startswith("/security/confirm")
    assert len(shop.rows(LinkedIdentity)) == 1
    for one in shop.rows(UserSession):
        shop.change(UserSession, one.id, confirmed_at=clock.now())
    assert provider.issuer in browser.get(remove).text
    assert browser.post(remove).status_code == 303
    assert shop.rows(LinkedIdentity) == []
    assert provider.issuer not in browser.get("/security/").text
    assert told(shop)[-1] == "sso_unlinked"


def test_a_reset_takes_the_links_too(shop: Shop, provider: Provider):
    owner = set_up(shop, provider)
    go(shop, provider)
    (link,) = shop.rows(LinkedIdentity)
    path = f"/admin/staff/{link.user_id}/second-step"
    assert "links to single sign-on" in owner.get(path).text
    assert owner.post(path, {"reason": "somebody else has their account there"}).status_code == 303
    assert shop.rows(LinkedIdentity) == []


def test_what_was_proved_of_an_earlier_address_opens_nothing_at_the_next(shop: Shop, provider: Provider):
    """Mallory proves a mailbox of her own, then has the login given Ada's address, and waits for Ada."""
    set_up(shop, provider, for_customers="y")
    shop.customer("mallory@example.com")
    (login,) = shop.rows(User, User.email == "mallory@example.com")
    proved = AuditEntry(
        at=login.created_at, actor="visitor", role="visitor", action="accounts.set_password",
        subject=f"user:{login.id}", reason="", request_id="", details={"by": "ByLink"},
    )  # fmt: skip
    add(shop, proved)
    sam = shop.person("staff", "sam@example.com", "customers.write")
    why = {"email": ADA, "reason": "she wrote to us"}
    assert sam.post(f"/admin/customers/{login.customer_id}/email", why).status_code == 303
    provider.claims = {"sub": "c-1", "email": ADA, "email_verified": True}
    assert go(shop, provider)[1] == "/account/"
    assert shop.visitor().sign_in(ADA).status_code == 422, "her password is gone"
    assert told(shop)[-1] == "sso_claimed"
