"""Staff and their roles: invited by a link, held to what a role says, and nobody gives what they do not have."""

import re
from datetime import timedelta

import pyotp
import pytest
from click.testing import CliRunner
from sqlalchemy import select
from web_shop import PASSWORD, Browser, Shop

from billhead import clock
from billhead.actions.accounts.create_login import create_login
from billhead.actions.sellers.open_seller import open_seller
from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import NotAllowed
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer, Reseller, User, UserSession
from billhead.models.sellers import Seller
from billhead.models.sign_in import CodeApp, Impersonation, StaffRole
from billhead.plugin_host import vault

WHY = {"reason": "asked for by the boss"}


@pytest.fixture
def roles(shop: Shop) -> dict[str, int]:
    from billhead.actions.staff._starting import make_starting_roles

    with shop.app.app_context(), writing(Context.system("test")) as tx:
        return make_starting_roles(tx)


def user_of(shop: Shop, email: str) -> User:
    (row,) = shop.rows(User, User.email == email)
    return row


def link_to(shop: Shop, email: str) -> str:
    notice = [one for one in shop.rows(Notice) if one.recipient == email and one.kind == "invited"][-1]
    with shop.app.app_context():
        return f"/set-password/{vault().decrypt(notice.data['sealed_token'])}"


def hired(shop: Shop, boss: Browser, email: str, role_id: int) -> Browser:
    answer = boss.post("/admin/staff/new", {"email": email, "role": role_id, **WHY})
    assert answer.status_code == 303, answer.text
    browser = shop.visitor()
    assert browser.post(link_to(shop, email), {"password": PASSWORD}).location == "/sign-in"
    assert browser.sign_in(email).location == "/admin/"
    return browser


def test_somebody_is_invited_works_under_a_role_and_leaves(shop: Shop, roles):
    boss = shop.person("staff", "boss@example.com", "*")
    shop.change(User, 1, staff_role_id=roles["owner"], permissions=[])
    amy = hired(shop, boss, "amy@example.com", roles["technician"])
    key = user_of(shop, "amy@example.com").id
    assert amy.get("/admin/panels/new").status_code == 200
    assert amy.get("/admin/staff").status_code == 403
    assert amy.get("/admin/sellers/1").status_code == 403
    page = boss.get("/admin/staff").text
    assert "amy@example.com" in page
    assert "technician" in page
    assert "format=csv" in page
    assert (
        boss.post("/admin/staff/new", {"email": "amy@example.com", "role": roles["support"], **WHY}).status_code == 422
    )

    # a role that is changed, and another role, hold at the next click
    known = next(one for one in shop.rows(StaffRole) if one.name == "technician").permissions
    kept = [one for one in known if one != "panels.write"]
    fields = {"name": "technician", "about": "", "permissions": kept, **WHY}
    assert boss.post(f"/admin/roles/{roles['technician']}", fields).status_code == 303
    assert amy.get("/admin/panels/new").status_code == 403
    boss.post(f"/admin/staff/{key}/role", {"role": roles["owner"], **WHY})
    assert amy.get("/admin/sellers/1").status_code == 200
    boss.post(f"/admin/staff/{key}/role", {"role": roles["read-only"], **WHY})
    assert amy.get("/admin/sellers/1").status_code == 403

    shown = boss.get("/admin/roles").text
    assert "Panels, lines, jobs and plugins." not in shown, "what it was for was taken away"
    assert "run jobs again, or drop them" in shown
    assert "run jobs again, or drop them" in boss.get(f"/admin/roles/{roles['technician']}").text

    # signed out, disabled at once, and let in again
    assert "1 of their devices" in boss.get(f"/admin/staff/{key}/sessions").text
    boss.post(f"/admin/staff/{key}/sessions", WHY)
    assert amy.get("/admin/").location.startswith("/sign-in")
    amy.sign_in("amy@example.com")
    boss.post(f"/admin/staff/{key}/disable", WHY)
    assert amy.get("/admin/").location.startswith("/sign-in")
    assert amy.sign_in("amy@example.com").status_code == 422
    boss.post(f"/admin/staff/{key}/disable", WHY)
    assert amy.sign_in("amy@example.com").status_code == 303
    history = boss.get(f"/admin/staff/{key}").text
    assert "asked for by the boss" in history
    assert "staff.disable" in history
    lines = shop.rows(AuditEntry, AuditEntry.action == "staff.disable")
    assert [(row.actor, row.subject, row.details["disabled"]) for row in lines] == [
        ("staff:1", f"user:{key}", True), ("staff:1", f"user:{key}", False)
    ]  # fmt: skip


def test_nobody_gives_or_takes_what_they_do_not_have_and_an_owner_stays(shop: Shop, roles):
    boss = shop.person("staff", "boss@example.com", "*")
    lead = shop.person("staff", "lead@example.com", "staff.write", "jobs.write")
    boss_id, lead_id = user_of(shop, "boss@example.com").id, user_of(shop, "lead@example.com").id
    shown = lead.get("/admin/roles/new").text
    assert 'value="jobs.write"' in shown
    assert 'value="money.refund"' not in shown

    def refused(path: str, **fields) -> bool:
        answer = lead.post(path, {**fields, **WHY})
        assert answer.status_code in (303, 403, 422), answer.status_code
        return answer.status_code != 303

    assert refused("/admin/staff/new", email="eve@example.com", role=roles["owner"])
    assert refused("/admin/staff/new", email="eve@example.com", role=roles["billing"])
    assert refused("/admin/roles/new", name="all", permissions=["*"])
    assert refused("/admin/roles/new", name="money", permissions=["money.refund"])
    assert refused(f"/admin/roles/{roles['billing']}", name="billing", permissions=["jobs.write"])
    assert refused(f"/admin/roles/{roles['owner']}", name="owner", permissions=["jobs.write"])
    assert refused(f"/admin/roles/{roles['billing']}/remove")
    assert refused(f"/admin/staff/{lead_id}/role", role=roles["owner"])
    for what in ("disable", "sessions", "role"):
        assert refused(f"/admin/staff/{boss_id}/{what}", role=roles["read-only"]), what
    assert refused(f"/admin/staff/{boss_id}/second-step")
    assert not refused("/admin/roles/new", name="queue", permissions=["jobs.write"])
    assert refused("/admin/roles/new", name="queue", permissions=[]), "a name once"
    assert not refused("/admin/staff/new", email="eve@example.com", role=roles["read-only"])
    ctx = Context("staff:2", Role.STAFF, Scope(), frozenset({"users.write"}))
    with shop.app.app_context(), writing(ctx) as tx, pytest.raises(NotAllowed, match=r"does not have: money\.refund"):
        create_login(tx, 1, "x@example.com", "staff", permissions=["money.refund"])

    # the last owner stays, by whatever way
    assert "last owner" in boss.post(f"/admin/staff/{boss_id}/disable", WHY).text
    assert "last owner" in boss.post(f"/admin/staff/{boss_id}/role", {"role": roles["support"], **WHY}).text
    assert boss.get("/admin/staff").status_code == 200
    second = hired(shop, boss, "second@example.com", roles["owner"])
    assert second.post(f"/admin/staff/{boss_id}/role", {"role": roles["support"], **WHY}).status_code == 303
    assert boss.get("/admin/staff").status_code == 403


def test_a_house_that_requires_a_second_step_leads_there_first_and_another_admin_takes_it_away(shop: Shop, roles):
    boss = shop.person("staff", "boss@example.com", "*")
    amy = hired(shop, boss, "amy@example.com", roles["owner"])
    assert "2 of staff have none" in boss.get("/admin/staff/second-step").text
    boss.post("/admin/staff/second-step", WHY)
    assert shop.rows(Seller)[0].staff_two_step
    asked = amy.get("/admin/customers")
    assert asked.location == "/security/"
    assert "Set up an app or a passkey" in amy.get("/security/").text
    assert amy.post("/admin/roles/new", {"name": "x", **WHY}).location == "/security/", "nor by a form"
    assert amy.post("/security/app/begin").location == "/security/app"
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', amy.get("/security/app").text)[1]
    assert amy.post("/security/app", {"code": pyotp.TOTP(secret).now()}).status_code == 200
    assert amy.get("/admin/customers").status_code == 200
    assert "the last one stays" in amy.post("/security/app/remove").text
    key = user_of(shop, "amy@example.com").id
    assert "Somebody else takes" in amy.post(f"/admin/staff/{key}/second-step", WHY).text
    assert boss.post(f"/admin/staff/{key}/second-step", WHY).location == "/security/", "boss has none yet"
    shop.change(Seller, 1, staff_two_step=False)
    assert boss.post(f"/admin/staff/{key}/second-step", {}).status_code == 422, "a reason is needed"
    assert boss.post(f"/admin/staff/{key}/second-step", WHY).location == f"/admin/staff/{key}"
    with shop.app.app_context(), reading() as session:
        assert session.scalars(select(CodeApp)).all() == []
    assert amy.get("/admin/").location.startswith("/sign-in"), "sessions end too"
    assert [one.data["what"] for one in shop.rows(Notice) if one.kind == "security_change"][-1] == "two_step_reset"
    assert amy.sign_in("amy@example.com").location == "/admin/"


def test_staff_look_in_as_a_customer_and_leave_a_trace_under_both_names(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    boss = shop.person("staff", "boss@example.com", "people.look_in", "customers.write")
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.get("/admin/customers/1/look-in").status_code == 403
    assert "can read when you looked, and your reason" in boss.get("/admin/customers/1/look-in").text
    assert boss.post("/admin/customers/1/look-in", {}).status_code == 422, "a reason is needed"
    assert boss.post("/admin/customers/1/look-in", {"reason": "no picture"}).location == "/account/"
    page = boss.get("/account/").text
    assert "You see what Ada Lovelace sees" in page
    assert "Basic" in page
    assert boss.get("/admin/").status_code == 403
    assert "End it" in boss.get("/admin/").text

    # what is the person's alone
    forbidden = [
        "/account/payment-methods", "/account/family", "/account/family/new", "/security/", "/security/password",
        "/security/app", "/security/passkeys/new", "/security/visits", "/pay/1",
    ]  # fmt: skip
    assert [path for path in forbidden if boss.get(path).status_code != 403] == []
    for path in ("/account/payment-methods/1/default", "/account/payment-methods/1/remove", "/pay/1", "/checkout",
                 "/account/payment-methods/add/1", "/security/app/begin", "/security/sessions/end-others",
                 "/security/recovery-codes", "/account/credit/buy", "/account/credit/rules"):  # fmt: skip
        assert boss.post(path, {"password": "x" * 12, "old": PASSWORD}).status_code == 403, path
    # what helps, under both names
    zone = {"name": "Ada Lovelace", "country": "FI", "zone": "Asia/Tokyo"}
    assert boss.post("/account/profile", zone).status_code == 303
    lines = shop.rows(AuditEntry, AuditEntry.action == "accounts.update_profile")
    staff_id = user_of(shop, "boss@example.com").id
    assert [(row.actor, row.subject) for row in lines] == [(f"staff:{staff_id} as customer:1", "customer:1")]
    assert trainee.get("/admin/customers/1").text.count("boss@example.com as customer:1") >= 1

    # one click ends it; so does time; and the customer reads of it
    assert boss.post("/end-visit").location == "/admin/customers/1"
    assert boss.get("/admin/").status_code == 200
    assert boss.get("/account/").status_code == 403
    assert "Our staff last looked into your account" in ada.get("/security/").text
    assert "no picture" in ada.get("/security/visits").text
    boss.post("/admin/customers/1/look-in", {"reason": "again"})
    (_, visit) = shop.rows(Impersonation)
    assert visit.ends_at - visit.started_at == timedelta(minutes=30)
    shop.change(Impersonation, visit.id, ends_at=clock.now())
    assert boss.get("/account/").status_code == 403
    assert boss.get("/admin/").status_code == 200
    # a visit is of one browser, and ends with its session
    boss.post("/admin/customers/1/look-in", {"reason": "once more"})
    other = shop.visitor()
    other.sign_in("boss@example.com")
    assert other.get("/admin/").status_code == 200
    shop.change(User, staff_id, permissions=[])
    assert boss.get("/account/").status_code == 403, "who may not look in any more is out at once"
    boss.post("/sign-out")
    assert boss.get("/account/").location.startswith("/sign-in")


def test_the_trail_is_narrowed_by_who_what_to_what_and_when(shop: Shop):
    ada = shop.customer()
    boss = shop.person("staff", "boss@example.com", "*")
    ada.post("/account/profile", {"name": "Ada King", "country": "FI", "zone": "Europe/Helsinki"})
    boss.post("/admin/switches/charges", {"reason": "the gateway is down"})
    staff_id = user_of(shop, "boss@example.com").id

    def actions(**asked) -> set[str]:
        text = boss.get("/admin/audit", query_string={"format": "csv", **asked}).text
        return {line.split(",")[2] for line in text.splitlines()[1:]}

    assert "accounts.update_profile" in actions(object="customer:1")
    assert "accounts.update_profile" not in actions(object="customer:2,customer:3")
    assert actions(actor="boss@example.com") == actions(actor=f"staff:{staff_id}") == {"house.freeze"}
    assert actions(verb="accounts.update") == {"accounts.update_profile"}
    day = clock.now().date()
    assert actions(since=str(day + timedelta(days=2))) == set()
    assert actions(until=str(day - timedelta(days=2))) == set()
    assert actions(since="rubbish", verb="accounts.update") == {"accounts.update_profile"}
    page = boss.get("/admin/customers/1").text
    assert "History: who did what" in page
    link = re.search(r'href="(/admin/audit\?object=[^"]+)"', page)[1]
    assert "accounts.<wbr>update_profile" in boss.get(link.replace("&amp;", "&")).text
    assert "the gateway is down" in boss.get("/admin/audit?actor=boss@example.com").text


def test_staff_by_the_command_line(shop: Shop):
    def run(*words: str):
        return CliRunner().invoke(main, ["staff", *words], obj=shop.app)

    assert "Nobody" in run("list").output
    why = ("--reason", "first day")
    assert run("add", "boss@example.com", "--role", "owner", "--password", PASSWORD, *why).exit_code == 0
    assert "mailed a link" in run("add", "amy@example.com", "--role", "support", *why).output
    assert run("add", "eve@example.com", "--role", "king", *why).exit_code == 1
    assert shop.rows(User, User.email == "eve@example.com") == []
    browser = shop.visitor()
    assert browser.sign_in("boss@example.com").location == "/admin/"
    assert run("disable", "boss@example.com", *why).exit_code == 1, "the last owner"
    assert run("role", "amy@example.com", "owner", *why).exit_code == 0
    assert run("disable", "boss@example.com", *why).exit_code == 0
    assert browser.get("/admin/").location.startswith("/sign-in")
    assert shop.rows(UserSession) == []
    assert run("enable", "boss@example.com", *why).exit_code == 0
    assert run("reset-two-step", "boss@example.com", *why).exit_code == 0
    listed = run("list", "--json").output
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        second = open_seller(tx, "south", "South TV", "FI", "EUR", "Europe/Helsinki", "tv@south.example")
        create_login(tx, second.seller_id, "amy@example.com", "staff")
    assert "2 sellers" in run("disable", "amy@example.com", *why).output
    assert run("disable", "amy@example.com", "--seller", "south", *why).exit_code == 0
    assert [one.disabled for one in shop.rows(User, User.email == "amy@example.com")] == [False, True]
    assert '"role": "owner"' in listed
    assert shop.rows(Customer) == []


def test_in_a_resellers_area_staff_only_look(shop: Shop):
    boss = shop.person("staff", "boss@example.com", "*")
    reseller = Reseller(
        seller_id=shop.seller_id, code="north", name="North TV", tier="reseller", created_on=clock.now().date()
    )
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(reseller)
        tx.session.flush()
        key = reseller.id
    assert boss.post(f"/admin/resellers/{key}/look-in", {"reason": "credits are missing"}).status_code == 303
    assert "You see what North TV sees" in boss.get("/").text
    assert boss.get("/admin/").status_code == 403
    assert boss.get("/account/").status_code == 403
    assert boss.get("/security/").status_code == 403
    lines = shop.rows(AuditEntry, AuditEntry.action == "people.look_in")
    assert [(row.subject, row.reason) for row in lines] == [(f"reseller:{key}", "credits are missing")]
    assert boss.get("/reseller/").status_code == 200
    curious = shop.person("staff", "curious@example.com", "people.look_in")
    curious.post(f"/admin/resellers/{key}/look-in", {"reason": "passwords of lines"})
    assert "needs services.access" in curious.get("/reseller/").text
    assert boss.post("/end-visit").location == f"/admin/resellers/{key}"
    assert f"/admin/resellers/{key}/look-in" in boss.get(f"/admin/resellers/{key}").text
    owner = shop.person("reseller", "north@example.com", reseller_id=key)
    assert "Our staff last looked" in owner.get("/security/").text
    assert "credits are missing" in owner.get("/security/visits").text
    lines = shop.rows(AuditEntry, AuditEntry.action == "people.stop_looking")
    assert [(row.actor, row.subject) for row in lines] == [(f"staff:1 as reseller:{key}", f"reseller:{key}")]


def test_support_takes_the_lost_second_step_of_a_customer_away(shop: Shop):
    ada = shop.customer()
    boss = shop.person("staff", "boss@example.com", "customers.write")
    ada.post("/security/app/begin")
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', ada.get("/security/app").text)[1]
    assert ada.post("/security/app", {"code": pyotp.TOTP(secret).now()}).status_code == 200
    assert "everything: the main login" in boss.get("/admin/customers/1/logins").text
    path = "/admin/customers/1/logins/1/second-step"
    assert "app for codes (one)" in boss.get(path).text
    assert boss.post("/admin/customers/1/logins/2/second-step", WHY).status_code == 404, "staff are none of theirs"
    assert boss.post(path, WHY).location == "/admin/customers/1/logins"
    assert ada.get("/account/").status_code == 303
    assert ada.sign_in("ada@example.com").location == "/account/"


def test_nobody_is_made_an_owner_by_a_form_that_was_sent_as_it_stood(shop: Shop, roles):
    boss = shop.person("staff", "boss@example.com", "*")
    form = boss.get("/admin/staff/new").text
    assert re.search(r'name="role"[^>]*><option value="">Choose', form), form
    assert "<option selected" not in form
    sent = boss.post("/admin/staff/new", {"email": "amy@example.com", "role": "", **WHY})
    assert (sent.status_code, "Say what they may do." in sent.text) == (422, True)
    assert shop.rows(User, User.email == "amy@example.com") == []


def test_a_menu_shows_what_may_be_opened_and_no_more(shop: Shop, roles):
    boss = shop.person("staff", "boss@example.com", "*")
    amy = hired(shop, boss, "amy@example.com", roles["support"])
    side = re.search(r'<nav class="side".*?</nav>', amy.get("/admin/").text, re.DOTALL)[0]
    links = re.findall(r'href="([^"]+)"', side)
    assert {"/admin/tickets", "/admin/customers"} <= set(links)
    assert {link: amy.get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert not {"/admin/staff", "/admin/roles", "/admin/retention"} & set(links)
    assert "<ul></ul>" not in side, "a heading with nothing below it"
    assert "/admin/staff" in boss.get("/admin/").text
