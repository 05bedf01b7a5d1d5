"""Help articles, announcements and what the public is told of each panel."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, DateTimeLocalField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from billhead import clock
from billhead.actions.helping.save_announcement import READERS, AnnouncementEntry, save_announcement
from billhead.actions.helping.save_article import ArticleEntry, save_article
from billhead.actions.helping.set_status import STATUSES, set_status
from billhead.db import reading, writing
from billhead.models.helping import Announcement, HelpArticle, PanelStatus
from billhead.models.panels import Panel
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id, staff_zone
from billhead.web.admin.columns import Column, badge, instant, language, number, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.places import language_name
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say
from billhead.wording import LANGUAGES, own_name, wording

__all__ = ["ANNOUNCEMENTS", "ARTICLES", "STATUS"]

ARTICLES = Listing(
    name="articles",
    title=marked("Help articles"),
    lead=marked("What customers read at /help, and are shown while they write a ticket."),
    query=select(
        HelpArticle.id, HelpArticle.title, HelpArticle.category, HelpArticle.language, HelpArticle.published,
        HelpArticle.helped, HelpArticle.not_helped, HelpArticle.changed_at,
    ),
    key=HelpArticle.id,
    columns=(
        text(marked("Title"), "title", to="article"),
        text(marked("Category"), "category"),
        language(marked("Language"), "language"),
        Column(
            marked("State"),
            lambda row: "published" if row.published else "draft",
            lambda row: badge("ok", marked("published")) if row.published else badge("draft"),
        ),
        number(marked("Helped"), "helped"),
        number(marked("Did not"), "not_helped"),
        instant(marked("Changed"), "changed_at"),
    ),
    choices=(Choice("language", marked("Language"), HelpArticle.language, LANGUAGES, language_name),),
    search=lambda typed: HelpArticle.title.icontains(typed, autoescape=True),
    search_label=marked("Title"),
    empty=marked("Write down what is asked most often, and fewer people have to ask."),
)  # fmt: skip


class ArticleForm(Form):
    title = StringField(
        later("Title"), filters=[stripped], validators=[DataRequired(later("It needs a title.")), Length(max=150)]
    )
    category = StringField(
        later("Category"), filters=[stripped], validators=[DataRequired(later("Where?")), Length(max=60)]
    )
    language = SelectField(later("Language"), choices=lambda: [(code, wording(code).own_name) for code in LANGUAGES])
    body = TextAreaField(
        later("Text"),
        filters=[stripped],
        validators=[DataRequired(later("Write it.")), Length(max=60_000)],
        description=later(
            "Markdown: # heading, **strong**, - list, [words](https://address). HTML is shown as it is typed."
        ),
        render_kw={"rows": 18},
    )
    slug = StringField(
        later("Address"), filters=[stripped], validators=[Length(max=80)], description=later("Empty: of the title.")
    )
    published = BooleanField(later("Published"))
    in_shops = BooleanField(
        later("Also in resellers’ shops"), description=later("Under their names: let it not say yours.")
    )


@admin.get("/articles")
@allow("staff")
def articles() -> ResponseReturnValue:
    ours = replace(ARTICLES, query=ARTICLES.query.where(HelpArticle.seller_id == own_seller_id()))
    return ours.answer(add=url_for("admin.new_article"), add_label=say("Write one"), add_needs="help.write")


@admin.route("/articles/new", methods=["GET", "POST"])
@allow("staff", permission="help.write")
def new_article() -> ResponseReturnValue:
    return _article(None)


@admin.route("/articles/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="help.write")
def article(key: int) -> ResponseReturnValue:
    with reading() as session:
        return _article(found(session, HelpArticle, key, "article"))


def _seller_of(row: Any) -> int:
    return row.seller_id if row is not None else own_seller_id()


def _article(row: HelpArticle | None) -> ResponseReturnValue:
    form = ArticleForm(obj=row)
    if form.validate_on_submit():
        entry = ArticleEntry(
            form.title.data or "", form.category.data or "", form.language.data, form.body.data or "",
            bool(form.published.data), form.slug.data or "", bool(form.in_shops.data),
        )  # fmt: skip
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_article(tx, _seller_of(row), entry, row.id if row is not None else None)
            flash(say("Published.") if entry.published else say("Kept as a draft."), "good")
            return redirect(url_for("admin.articles"), 303)
    return _entry(form, say("A help article"), "articles")


def _entry(form: Form, title: str, section: str) -> ResponseReturnValue:
    shown = {"title": title, "back": url_for(f"admin.{section}"), "section": section, "lead": ""}
    return page("admin/entry.html", form=form, **shown), 422 if form.is_submitted() else 200


_READERS = {
    "everybody": marked("customers and resellers"),
    "customers": marked("customers alone"),
    "resellers": marked("resellers alone"),
}
"""Who reads an announcement."""

ANNOUNCEMENTS = Listing(
    name="announcements",
    title=marked("Announcements"),
    lead=marked("Shown in the areas of customers and resellers while they hold; pinned ones on top of every page."),
    query=select(
        Announcement.id, Announcement.title, Panel.name.label("panel"), Announcement.readers, Announcement.in_shops,
        Announcement.pinned, Announcement.urgent,
        Announcement.starts_at, Announcement.ends_at,
    ).outerjoin(Panel, Panel.id == Announcement.panel_id),
    key=Announcement.id,
    columns=(
        text(marked("Title"), "title", to="announcement"),
        text(marked("Panel"), "panel"),
        Column(marked("Read by"), lambda row: row.readers, lambda row: say(_READERS[row.readers])),
        Column(marked("In shops"), lambda row: row.in_shops, lambda row: say("yes") if row.in_shops else "–"),
        Column(marked("Pinned"), lambda row: row.pinned, lambda row: say("yes") if row.pinned else "–"),
        instant(marked("From"), "starts_at"),
        instant(marked("Until"), "ends_at"),
    ),
    empty=marked("Tell of maintenance before it begins."),
)  # fmt: skip


class AnnouncementForm(Form):
    title = StringField(
        later("Title"), filters=[stripped], validators=[DataRequired(later("It needs a title.")), Length(max=150)]
    )
    body = TextAreaField(
        later("Text"), filters=[stripped], validators=[DataRequired(later("Write it."))],
        description=later("Markdown."), render_kw={"rows": 8},
    )  # fmt: skip
    panel = SelectField(later("For"), coerce=int)
    starts_at = DateTimeLocalField(
        later("From"), validators=[InputRequired(later("From when?"))], description=later("In your time zone.")
    )
    ends_at = DateTimeLocalField(
        later("Until"), validators=[Optional()], description=later("Empty: until somebody ends it.")
    )
    readers = SelectField(later("Read by"), choices={one: later(_READERS[one]) for one in READERS})
    in_shops = BooleanField(
        later("Also in resellers’ shops"), description=later("Under their names: let it not say yours.")
    )
    pinned = BooleanField(later("On top of every page"))
    urgent = BooleanField(later("It is urgent"))


@admin.get("/announcements")
@allow("staff")
def announcements() -> ResponseReturnValue:
    return ANNOUNCEMENTS.answer(
        add=url_for("admin.new_announcement"), add_label=say("Write one"), add_needs="help.write"
    )


@admin.route("/announcements/new", methods=["GET", "POST"])
@allow("staff", permission="help.write")
def new_announcement() -> ResponseReturnValue:
    return _announcement(None)


@admin.route("/announcements/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="help.write")
def announcement(key: int) -> ResponseReturnValue:
    with reading() as session:
        return _announcement(found(session, Announcement, key, "announcement"))


_KEPT = ("title", "body", "pinned", "urgent", "readers", "in_shops")


def _announcement(row: Announcement | None) -> ResponseReturnValue:
    times = {"starts_at": _local(row.starts_at if row is not None else clock.business_now())}
    times["ends_at"] = _local(row.ends_at) if row is not None else None
    fields = {name: getattr(row, name) for name in _KEPT} if row is not None else {}
    form = AnnouncementForm(data={**fields, **times, "panel": (row.panel_id or 0) if row is not None else 0})
    with reading() as session:
        panels = select(Panel.id, Panel.name).where(Panel.seller_id == _seller_of(row)).order_by(Panel.name).limit(500)
        form.panel.choices = [
            (0, say("everybody")),
            *((key, say("who watches by %(name)s", name=name)) for key, name in session.execute(panels)),
        ]
    if form.validate_on_submit():
        begins, ends = _instant(form.starts_at.data), _instant(form.ends_at.data)
        with form.refusals():
            entry = AnnouncementEntry(
                form.title.data or "", form.body.data or "", begins or clock.business_now(), ends,
                form.panel.data or None, bool(form.urgent.data), bool(form.pinned.data),
                form.readers.data, bool(form.in_shops.data),
            )  # fmt: skip
            with writing(submit_ctx()) as tx:
                save_announcement(tx, _seller_of(row), entry, row.id if row is not None else None)
            flash(say("Saved."), "good")
            return redirect(url_for("admin.announcements"), 303)
    if row is None:
        return _entry(form, say("An announcement"), "announcements")
    shown = {"title": row.title, "back": url_for("admin.announcements"), "section": "announcements", "lead": ""}
    spoken = [(code, own_name(code)) for code in LANGUAGES]
    body = page("admin/announcement.html", form=form, row=row, languages_of=spoken, **shown)
    return body, 422 if form.is_submitted() else 200


def _local(at: datetime | None) -> datetime | None:
    return at.astimezone(ZoneInfo(staff_zone())).replace(tzinfo=None) if at is not None else None


def _instant(typed: datetime | None) -> datetime | None:
    return typed.replace(tzinfo=ZoneInfo(staff_zone())).astimezone(UTC) if typed is not None else None


STATUS = Listing(
    name="network-status",
    title=marked("Network status"),
    lead=marked(
        "What everybody reads at /status, also in resellers’ shops. A panel without a public name is not shown there."
    ),
    query=select(
        Panel.id, Panel.name, PanelStatus.name.label("shown"), PanelStatus.said, PanelStatus.words,
        PanelStatus.changed_at,
    ).outerjoin(PanelStatus, PanelStatus.panel_id == Panel.id),
    key=Panel.id,
    columns=(
        text(marked("Panel"), "name", to="panel_status"),
        text(marked("Public name"), "shown"),
        Column(
            marked("Said"), lambda row: row.said or "",
            lambda row: badge(row.said) if row.said else say("as it is measured"),
        ),
        text(marked("Words"), "words", css="clip"),
        instant(marked("Changed"), "changed_at"),
    ),
    empty=marked("Add a panel first."),
)  # fmt: skip


def _said() -> dict[str, str]:
    return {"": say("as it is measured"), **{word: say(label) for word, label in STATUSES.items()}}


class StatusForm(Form):
    name = StringField(
        later("Public name"),
        filters=[stripped],
        validators=[Length(max=60)],
        description=later("Empty: not shown to the public."),
    )
    said = SelectField(later("State"), choices=_said)
    words = TextAreaField(
        later("In your words"), filters=[stripped], validators=[Length(max=300)], render_kw={"rows": 3}
    )


@admin.get("/network-status")
@allow("staff")
def network_status() -> ResponseReturnValue:
    return STATUS.answer()


@admin.route("/network-status/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="help.write")
def panel_status(key: int) -> ResponseReturnValue:
    with reading() as session:
        panel = found(session, Panel, key, "panel")
        row = session.get(PanelStatus, key)
    form = StatusForm(obj=row)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_status(tx, key, form.name.data or "", form.said.data or "", form.words.data or "")
            flash(say("Saved."), "good")
            return redirect(url_for("admin.network_status"), 303)
    return _entry(form, say("What the public is told of %(name)s", name=panel.name), "network_status")
