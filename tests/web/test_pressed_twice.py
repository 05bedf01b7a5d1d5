"""A button that is pressed twice leads where the first press did; what takes something away asks first."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select
from web_shop import Shop

from billhead import web
from billhead.db import reading
from billhead.models.operations import AuditEntry, IdempotencyRecord
from billhead.web import pressed_twice

TEMPLATES = Path(web.__file__).parent / "templates"
DISABLE = "/admin/customers/1/logins/1/disable"
FIELDS = {"reason": "somebody else has it", "_key": "a" * 32}


@pytest.fixture
def staff(any_shop: Shop):
    any_shop.customer()
    return any_shop.person("staff", "sam@example.com", "*")


def disabled(shop: Shop) -> int:
    with shop.app.app_context(), reading() as session:
        return session.scalar(select(func.count()).where(AuditEntry.action == "accounts.disable_login")) or 0


def test_the_second_press_leads_where_the_first_did(any_shop: Shop, staff):
    first, second = (staff.post(DISABLE, FIELDS, page=DISABLE) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303), (first.text, second.text)
    assert first.location == second.location
    assert disabled(any_shop) == 1
    enable = DISABLE.replace("disable", "enable")
    staff.post(enable, FIELDS, page=enable)
    assert any_shop.rows(AuditEntry, AuditEntry.action == "accounts.enable_login"), "another wish under an old key"


def test_a_press_that_came_while_the_first_was_at_work_is_not_refused(any_shop: Shop, staff, monkeypatch):
    """It has passed the look for an answer before there was one, and finds everything changed."""
    first = staff.post(DISABLE, FIELDS, page=DISABLE)
    led, looked = pressed_twice._led, []

    def too_early(*pressed):
        looked.append(pressed)
        return "" if len(looked) == 1 else led(*pressed)

    monkeypatch.setattr(pressed_twice, "_led", too_early)
    second = staff.post(DISABLE, FIELDS, page=DISABLE)
    assert (second.status_code, second.location) == (303, first.location), second.text
    assert disabled(any_shop) == 1


def test_a_press_that_did_nothing_is_none(any_shop: Shop, staff, monkeypatch):
    """Sent elsewhere first, it is done when it is pressed again."""
    monkeypatch.setattr(pressed_twice, "_has_done", lambda *_: False)
    staff.post(DISABLE, FIELDS, page=DISABLE)
    monkeypatch.undo()
    assert any_shop.rows(IdempotencyRecord, IdempotencyRecord.action == "web.led") == []


def test_far_too_much_is_told_to_be_too_large(any_shop: Shop, staff):
    sent = {"data": b"x" * (17 * 1024 * 1024), "content_type": "application/x-www-form-urlencoded"}
    for browser, page in ((staff.client, DISABLE), (any_shop.app.test_client(), "/sign-in")):
        assert browser.post(page, **sent).status_code == 413


def test_a_mended_file_of_the_same_name_is_another(any_shop: Shop, staff):
    page = "/admin/imports/new"
    whole = staff.get("/admin/imports/example.csv").text
    some = "".join(whole.splitlines(keepends=True)[:2])
    forms = [{"encoding": "utf-8", "cards": "", "_key": "b" * 32, "file": (BytesIO(one.encode()), "people.csv")}
             for one in (some, whole, some)]  # fmt: skip
    first, mended, again = (staff.post(page, form, page=page) for form in forms)
    assert first.status_code == 303
    assert mended.status_code == 422, "what is another file under an old key is said, and leads nowhere"
    assert again.location == first.location


def test_strangers_and_other_people_are_led_nowhere(any_shop: Shop, staff):
    staff.post(DISABLE, FIELDS, page=DISABLE)
    eve = any_shop.person("staff", "eve@example.com", "customers.write")
    assert eve.post(DISABLE, FIELDS, page=DISABLE).status_code != 303


HARMLESS = {
    "admin/api_key.html": "a key is shown once, in the answer itself",
    "admin/customer_invoicing.html": "saves what stands there",
    "admin/dunning_policy.html": "saves what stands there",
    "admin/health.html": "looks again",
    "admin/layout.html": "signs out",
    "admin/rates.html": "a rate of a day is the same twice",
    "admin/seller.html": "saves what stands there",
    "admin/service_live.html": "looks again",
    "admin/settings.html": "saves what stands there",
    "admin/setup_mail.html": "sends a test",
    "admin/statement.html": "a file twice is no harm: each movement is known by its reference",
    "customer/invoicing.html": "saves what stands there",
    "customer/live.html": "looks again",
    "customer/notification_channel.html": "asks for a code",
    "customer/notification_start.html": "asks for a link",
    "customer/notifications.html": "saves what stands there",
    "customer/payment_methods.html": "chooses which is used",
    "customer/profile.html": "saves what stands there",
    "reseller/keys.html": "a key is shown once, in the answer itself",
    "reseller/resellers.html": "asks before it writes to them",
    "reseller/users.html": "asks before it renews them",
    "reseller/_area.html": "signs out",
    "reseller/shop_account.html": "saves what stands there",
    "reseller/shop_page.html": "takes a page off",
    "reseller/shop_prices.html": "saves what stands there",
}
"""Forms without a key, and why it is no harm that they are sent twice: they are saved as they are, or nothing is."""


def test_every_form_of_the_areas_carries_a_key():
    without = {
        str(path.relative_to(TEMPLATES))
        for area in ("admin", "customer", "reseller")
        for path in sorted((TEMPLATES / area).glob("*.html"))
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text("utf-8"), re.DOTALL)
        if "idempotency_key()" not in form
    }
    assert without - set(HARMLESS) == set()
    assert set(HARMLESS) - without == set(), "they have one now"


TAKES_AWAY = re.compile(r"remove|forget|drop|delete|erase|end|empty|close|unpublish|revoke|disable|cancel|stop")
UNASKED = {
    "accounts.end_visit": "staff look in no more",
    "admin.close_one_ticket": "an answer opens it again",
    "admin.remove_test_order": "what it removes was made to be removed",
    "customer.close_own_ticket": "an answer opens it again",
    "reseller.close_ticket_of_shop": "an answer opens it again",
    "reseller.unpublish_own_text": "it is published again as it was",
    "security.end_others": "they sign in again",
    "security.end_session": "it signs in again",
    "storefront.empty_cart": "can be put back",
    "storefront.remove_plan": "can be put back",
    "storefront.stopped_by_post": "the mail program's button; news can be chosen again",
}
"""What takes something away by a POST that no page has asked about, and why."""


def test_what_takes_something_away_asks_first(shop: Shop):
    """A route that answers a POST alone has no page that asks."""
    methods: dict[str, set[str]] = {}
    for rule in shop.app.url_map.iter_rules():
        methods.setdefault(rule.endpoint, set()).update(rule.methods or ())
    unasked = {
        endpoint
        for endpoint, can in methods.items()
        if "POST" in can and "GET" not in can and not endpoint.startswith(("api", "callbacks"))
        if TAKES_AWAY.search(endpoint.partition(".")[2])
    }
    assert unasked == set(UNASKED)
