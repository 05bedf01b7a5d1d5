"""What a seller says in its notices: standard texts, words of its own, how they would look, and who changed them."""

from dataclasses import asdict
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select
from wtforms import IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty
from wtforms.widgets import CheckboxInput, ListWidget

from billhead.actions.notifications._mornings import MOST_DAYS
from billhead.actions.notifications._own_texts import (
    MUST,
    can_be_filled,
    check_text,
    check_there_is,
    digest_of,
    newest_texts,
    own_text,
)
from billhead.actions.notifications._previewing import example_facts, preview_notice
from billhead.actions.notifications._standard import KINDS, WrittenText, standard_text
from billhead.actions.notifications._voice import Voice
from billhead.actions.notifications.save_notice_text import save_notice_text
from billhead.actions.notifications.send_test_notice import send_test_notice
from billhead.actions.notifications.set_mails import MAY_BE_OFF, MailRules, set_mails
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.whole_number import whole_number
from billhead.models.notices import NoticeText
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, who
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import signed_in, submit_ctx
from billhead.web.speaking import later, say, say_word
from billhead.wording import NOTICE_LANGUAGES, wording

__all__: list[str] = []

_HISTORY = 20
_LETTER_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"
"""Mails carry their style in themselves; nothing in one runs, and nothing is fetched."""


class NoticeForm(Form):
    subject = StringField(
        later("Subject"), filters=[stripped], validators=[DataRequired(later("A subject is needed."))]
    )
    body = TextAreaField(later("Text"), validators=[DataRequired(later("A text is needed."))], render_kw={"rows": 16})
    short = TextAreaField(
        later("For phones"), filters=[stripped], render_kw={"rows": 2},
        description=later("What an SMS says. Empty: the subject, and where to go."),
    )  # fmt: skip
    customer = IntegerField(
        later("Shown for customer"),
        validators=[MayBeEmpty()],
        description=later("Its number; empty: an example. Not kept."),
    )
    document = IntegerField(
        later("And document"), validators=[MayBeEmpty()], description=later("Its id; empty: the newest.")
    )

    def told(self) -> WrittenText:
        return WrittenText(self.subject.data or "", self.body.data or "", self.short.data or "")


@admin.get("/notice-texts")
@allow("staff")
def notice_texts() -> ResponseReturnValue:
    """Each kind, with the languages in which the seller has words of its own."""
    seller_id = whole_number(request.args.get("seller", "")) or own_seller_id()
    language = request.args.get("language", "en")
    check_there_is("welcome", language)
    with reading() as session:
        seller = found(session, Seller, seller_id, "seller")
        sellers = session.execute(select(Seller.id, Seller.name).order_by(Seller.name)).all()
        own = newest_texts(session, seller_id)
    rows = [_row(kind, language, own, seller.mails.get("off", ())) for kind in sorted(KINDS)]
    return page("admin/notice_texts.html", rows=rows, shop=seller, sellers=sellers, spoken=_spoken(), language=language)


def _spoken() -> list[tuple[str, str]]:
    return [(code, wording(code).own_name) for code in NOTICE_LANGUAGES]


def _row(kind: str, language: str, own: dict[tuple[str, str], NoticeText], off: Any) -> dict[str, Any]:
    mine = own.get((kind, language))
    return {
        "kind": kind,
        "subject": mine.subject if mine else standard_text(kind, language).subject,
        "own": mine is not None,
        "changed": mine is not None and mine.standard != digest_of(kind, language),
        "broken": mine is not None and not can_be_filled(kind, WrittenText(mine.subject, mine.body, mine.short)),
        "others": sorted(code for what, code in own if what == kind and code != language),
        "off": kind in off,
    }


@admin.route("/sellers/<int:key>/notice-texts/<kind>/<language>", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def notice_text(key: int, kind: str, language: str) -> ResponseReturnValue:
    check_there_is(kind, language)
    with reading() as session:
        row = found(session, Seller, key, "seller")
        own = own_text(session, key, kind, language)
        mine = NoticeText.seller_id == key, NoticeText.kind == kind, NoticeText.language == language
        history = session.scalars(select(NoticeText).where(*mine).order_by(NoticeText.id.desc()).limit(_HISTORY)).all()
    standard = standard_text(kind, language)
    form, tested = NoticeForm(data=asdict(own or standard)), False
    if form.validate_on_submit():
        with form.refusals():
            if "test" in request.form:
                _test(key, kind, language, form)
                tested = True
            else:
                with writing(submit_ctx()) as tx:
                    save_notice_text(tx, key, kind, language, form.told())
                flash(say("Saved. It holds for what is sent from now on."), "good")
                return redirect(url_for("admin.notice_text", key=key, kind=kind, language=language), 303)
    shown = page(
        "admin/notice_text.html", shop=row, kind=kind, language=language, form=form, own=own, standard=standard,
        changed=own is not None and history[0].standard != digest_of(kind, language), history=history,
        facts=_examples(kind, language), must=MUST.get(kind, ""),
        spoken=_spoken(), who=who,
    )  # fmt: skip
    return shown, 422 if form.is_submitted() and not tested else 200


def _test(key: int, kind: str, language: str, form: NoticeForm) -> None:
    login = signed_in()
    assert login is not None, "only staff comes here"
    with writing(submit_ctx()) as tx:
        send_test_notice(tx, login.user_id, key, kind, language, form.told(), form.customer.data)
    flash(say("On its way to %(email)s. Nothing is saved yet.", email=login.email), "good")


def _examples(kind: str, language: str) -> list[tuple[str, str]]:
    """(name, an example) of each fact."""
    voice = Voice(wording(language, "notices"), "UTC", lambda _address, _words: Markup())
    facts = example_facts(kind)
    return [
        (name, voice.show(facts[name]).text or (say("yes") if facts[name] else say("no"))) for name in sorted(facts)
    ]


@admin.post("/sellers/<int:key>/notice-texts/<kind>/<language>/preview")
@allow("staff", permission="sellers.write")
def notice_preview(key: int, kind: str, language: str) -> ResponseReturnValue:
    """The mail itself, for the frame beside the form; nothing is kept."""
    form, told = NoticeForm(), None
    if form.validate():
        with form.refusals():
            check_there_is(kind, language)
            check_text(kind, form.told())
            with reading() as session:
                whose = form.customer.data, form.document.data
                told = preview_notice(session, key, kind, language, form.told(), *whose)
    if told is None:
        return _framed(page("admin/notice_refused.html", form=form), 422)
    return _framed(told.html, 200, _LETTER_CSP)


def _framed(html: str, status: int, policy: str = "") -> Response:
    response = Response(html, status, mimetype="text/html")
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Content-Security-Policy"] = policy or "default-src 'self'; frame-ancestors 'self'"
    return response


@admin.route("/sellers/<int:key>/notice-texts/<kind>/<language>/standard", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def standard_notice(key: int, kind: str, language: str) -> ResponseReturnValue:
    check_there_is(kind, language)
    with reading() as session:
        row = found(session, Seller, key, "seller")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            save_notice_text(tx, key, kind, language, None)
        return say("The standard text is sent again.")

    text = say("What %(name)s wrote stays in the history.", name=row.name)
    back = url_for("admin.notice_text", key=key, kind=kind, language=language)
    return asked(
        Question(say("Go back to the standard text?"), text, say("Go back to it"), back, danger=False),
        ReasonForm(),
        act,
    )


class MailsForm(Form):
    language = SelectField(
        later("Language"), choices=lambda: [(code, wording(code).own_name) for code in NOTICE_LANGUAGES],
        description=later("Of mails to staff, and to customers whose own language has no texts."),
    )  # fmt: skip
    foot = TextAreaField(
        later("Foot of each mail"), filters=[stripped], validators=[Length(max=400)], render_kw={"rows": 4},
        description=later("Up to four lines, above the address."),
    )  # fmt: skip
    trial_days = IntegerField(
        later("Days before the end of a trial"), default=3,
        validators=[InputRequired(), NumberRange(1, MOST_DAYS)],
        description=later("Its customer is told then, in the morning."),
    )  # fmt: skip
    off = SelectMultipleField(
        later("Don't send"), choices=lambda: {kind: say_word(kind) for kind in MAY_BE_OFF},
        widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(),
        description=later("All others are always sent: what the law wants told, and what guards an account."),
    )  # fmt: skip


@admin.route("/sellers/<int:key>/mails", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_mails(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    form = MailsForm(data={"language": "en", **row.mails})
    if form.validate_on_submit():
        with form.refusals():
            off = tuple(form.off.data or ())
            rules = MailRules(form.language.data, form.foot.data or "", off, form.trial_days.data or 0)
            with writing(submit_ctx()) as tx:
                set_mails(tx, key, rules)
            flash(say("Saved."), "good")
            return redirect(url_for("admin.seller_mails", key=key), 303)
    shown = page(
        "admin/entry.html", form=form, title=say("Mails of %(name)s", name=row.name),
        back=url_for("admin.notice_texts", seller=key), section="notice_texts",
    )  # fmt: skip
    return shown, 422 if form.is_submitted() else 200
