"""Staff give notices words of the seller's own: shown before they are kept, checked, and kept with who wrote them."""

import html
import re
from contextlib import suppress

from billhead.actions.notifications import _own_texts
from billhead.actions.notifications._standard import WrittenText, standard_text
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.notifications.send_notice import send_notice
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.notices import NoticeText
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller

PAGE = "/admin/sellers/1/notice-texts/restored/en"
TEST = Context.system("test")
OWN = {
    "subject": "Back again: {{subscription.plan}}",
    "body": "Dear {{name}},\n\n**{{subscription.plan}}** is back.",
    "short": "",
}
REFUSED = (
    ("subject", "{{nobody}}", "{{nobody}}, which is not there"),
    ("body", "{{subscription.plan.__class__}}", "which is no fact"),
    ("body", "{{ 7*7 }}", "which is no fact"),
    ("body", "{% for x in y %}", "which is no fact"),
    ("body", "{{#name}}Dear", "never ends {{#name}}"),
    ("body", "[Here](javascript:alert(1))", "which is no address"),
    ("body", "[Here](https://{{name}}.example)", "which is no address"),
    ("body", "[Here]({{name}})", "which is no address"),
    ("subject", "{{subscription.unpaid}}", "takes several lines"),
    ("short", "x" * 301, "longer than 300 letters"),
    ("body", "Dear \ue0001\ue001", "a sign that can’t be sent"),
)


def restored(counter, key="r:1"):
    """What the first customer is told, as it was sent."""
    with counter.shop.app.app_context():
        with writing(TEST) as tx:
            notice_id = queue_notice(tx, 1, "restored", key, {"subscription_id": 1})
        if notice_id is None:
            return None
        with suppress(NotFound):  # this shop has no channel: what it would have said is kept all the same
            send_notice(TEST, notice_id)
        with reading() as session:
            return session.get_one(Notice, notice_id)


def test_own_words_are_sent_and_the_standard_text_again_after_that(counter):
    before = restored(counter)
    assert before.subject.startswith("Your service is back")
    assert counter.post(PAGE, **OWN).status_code == 303
    sent = restored(counter, "r:2")
    assert sent.subject == "Back again: Basic"
    assert "Basic is back." in sent.text
    page = counter.get("/admin/notice-texts").text
    assert "Back again" in page
    counter.confirm(f"{PAGE}/standard")
    assert restored(counter, "r:3").subject == before.subject
    history = counter.shop.rows(NoticeText)
    assert [(row.actor, bool(row.body)) for row in history] == [(history[0].actor, True), (history[0].actor, False)]
    assert "Back again" in counter.get(PAGE).text, "the history keeps it"
    assert len(counter.trail("notifications.save_text")) == 2


def test_the_same_words_again_are_no_change(counter):
    counter.post(PAGE, **OWN)
    counter.post(PAGE, **OWN)
    assert len(counter.shop.rows(NoticeText)) == 1


def test_words_of_one_language_are_said_in_no_other(counter):
    counter.post(PAGE, **OWN)
    counter.shop.change(Customer, 1, language="de")
    assert restored(counter).subject == "Ihr Dienst läuft wieder: Basic"


def test_what_can_not_be_filled_in_is_refused_at_its_field(counter):
    for field, text, told in REFUSED:
        answer = counter.post(PAGE, **{**OWN, field: text})
        assert answer.status_code == 422, text
        shown = html.unescape(answer.text).replace("can't", "can’t")
        assert told.lower() in shown.lower(), text
        assert f'id="{field}-error"' in answer.text, text
        assert counter.shop.rows(NoticeText) == [], text
        preview = counter.post(f"{PAGE}/preview", **{**OWN, field: text})
        assert preview.status_code == 422, text
        assert "max-width:36em" not in preview.text, text


def test_what_a_notice_is_for_must_stand_in_it(counter):
    path = "/admin/sellers/1/notice-texts/password_link/en"
    answer = counter.post(path, subject="Hello", body="Choose a password.", short="")
    assert "Lacks {{password_url}}" in html.unescape(answer.text)
    body = "[Choose a password]({{password_url}})"
    assert counter.post(path, subject="Hello", body=body, short="").status_code == 303


def test_the_preview_shows_a_customers_own_facts_and_keeps_nothing(counter):
    answer = counter.post(f"{PAGE}/preview", **OWN, customer="1")
    assert answer.status_code == 200
    assert "<strong><bdi>Basic</bdi></strong> is back." in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert counter.shop.rows(NoticeText) == []
    example = counter.post(f"{PAGE}/preview", **OWN).text
    assert "Full &amp; Sports" in example
    arabic = counter.post("/admin/sellers/1/notice-texts/restored/ar/preview", **OWN).text
    assert '<html lang="ar" dir="rtl">' in arabic


def test_a_preview_runs_nothing(counter):
    bad = {**OWN, "body": "<script>alert(1)</script> <img src=x onerror=alert(1)> {{name}}"}
    counter.shop.change(Customer, 1, name="<b onclick=x>Ada</b>")
    answer = counter.post(f"{PAGE}/preview", **bad, customer="1").text
    for tag in ("<script", "<img", "<b onclick"):
        assert tag not in answer
    assert counter.post(PAGE, **bad).status_code == 303
    assert "<script>alert" not in re.sub(r"<script type=.*?>", "", counter.get(PAGE).text)


def test_somebody_elses_customer_is_not_found(counter):
    assert counter.post(f"{PAGE}/preview", **OWN, customer="4711").status_code == 404
    assert counter.get("/admin/sellers/1/notice-texts/nothing/en").status_code == 404
    assert counter.get("/admin/sellers/1/notice-texts/restored/xx").status_code == 404
    assert counter.get("/admin/sellers/99/notice-texts/restored/en").status_code == 404


def test_a_test_goes_to_who_asked_for_it(counter):
    answer = counter.post(PAGE, **OWN, test="1")
    assert answer.status_code == 200
    counter.shop.work()
    (notice,) = [row for row in counter.shop.rows(Notice) if row.key.startswith("test:")]
    assert (notice.kind, notice.subject) == ("restored", "Back again: Full & Sports")
    assert notice.user_id is not None
    assert counter.shop.rows(NoticeText) == []


def test_a_standard_text_that_changed_is_marked(counter, monkeypatch):
    counter.post(PAGE, **OWN)
    assert "standard text has changed" not in counter.get(PAGE).text
    monkeypatch.setattr("billhead.web.admin.notice_texts.digest_of", lambda kind, language: "another")
    assert "standard text has changed" in counter.get(PAGE).text
    assert "the standard text changed since" in counter.get("/admin/notice-texts").text


def test_own_words_that_an_upgrade_left_behind_give_way(counter):
    row = NoticeText(seller_id=1, kind="restored", language="en", subject="{{gone}}", body="{{gone}}", actor="x",
                     written_at=counter.row(Customer, 1).created_at)  # fmt: skip
    counter.add(row)
    assert restored(counter).subject == "Your service is back: Basic"
    assert "can’t be filled in" in counter.get("/admin/notice-texts").text


def test_what_a_seller_leaves_out_is_not_sent_and_security_always_is(counter):
    path = "/admin/sellers/1/mails"
    rules = {"language": "de", "foot": "Call us: 1234", "off": ["restored"], "trial_days": 5}
    assert counter.post(path, **rules).status_code == 303
    assert counter.row(Seller, 1).mails == rules
    assert restored(counter) is None
    assert counter.post(path, **{**rules, "off": ["security_change"]}).status_code == 422
    assert counter.post(path, **{**rules, "language": "xx"}).status_code == 422
    assert counter.post(path, **{**rules, "trial_days": 31}).status_code == 422
    assert "not sent" in counter.get("/admin/notice-texts").text


def test_every_standard_text_passes_its_own_check():
    for kind in sorted(_own_texts.KINDS):
        for language in ("en", "ar", "tr"):
            text = standard_text(kind, language)
            _own_texts.check_text(kind, WrittenText(text.subject, text.body))


def test_what_was_said_is_in_the_log_but_for_secrets(counter):
    sent = restored(counter)
    page = counter.get(f"/admin/messages/{sent.id}").text
    assert "runs again" in page
    counter.shop.work()
    access = next(row for row in counter.shop.rows(Notice) if row.kind == "access")
    assert (access.subject, access.text) == ("", "")
    assert counter.get("/admin/messages?kind=restored&channel=email").status_code == 200
