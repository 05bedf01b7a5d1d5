"""New addresses or planned work of a panel, told to everybody on it: how many, then the yes, then how far it is."""

from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from wtforms import DateTimeLocalField, TextAreaField
from wtforms.validators import InputRequired, Length

from billhead.actions.panels.stop_telling import stop_telling
from billhead.actions.panels.tell_addresses import preview_tell_addresses, tell_addresses
from billhead.actions.panels.tell_work import preview_tell_work, tell_work
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.panels import AddressNews, Panel
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, say, say_count

__all__: list[str] = []

_SHOWN = 20
_TYPED = "%Y-%m-%dT%H:%M"


class NewsForm(Form):
    words = TextAreaField(
        later("Your words in the mail"),
        validators=[Length(max=500)],
        description=later("They stand below the addresses: say when the old ones end, for one."),
    )


@admin.route("/panels/<int:key>/addresses", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_addresses(key: int) -> ResponseReturnValue:
    form = NewsForm()
    with reading() as session:
        panel = found(session, Panel, key, "panel")
        preview = preview_tell_addresses(Tx(current_ctx(), session), key)
        query = _told(key, "addresses")
        rows = session.scalars(query).all()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                asked_for = tell_addresses(tx, key, form.words.data or "")
            told = say_count("%(count)s line is being told.", "%(count)s lines are being told.", asked_for.lines)
            flash(told, "good")
            return redirect(request.path, 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/addresses.html", panel=panel, form=form, preview=preview, rows=rows), status


class WorkForm(Form):
    begins_at = DateTimeLocalField(later("From"), format=_TYPED, validators=[InputRequired()])
    ends_at = DateTimeLocalField(later("Until"), format=_TYPED, validators=[InputRequired()])
    words = TextAreaField(
        later("Your words in the message"),
        validators=[Length(max=500)],
        description=later(
            "Say what gets better, for one. From, until and that nothing has to be done stand there already."
        ),
    )


@admin.route("/panels/<int:key>/work", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_work(key: int) -> ResponseReturnValue:
    form = WorkForm()
    with reading() as session:
        panel = found(session, Panel, key, "panel")
        own_zone = ZoneInfo(session.get_one(Seller, panel.seller_id).zone)
        preview = preview_tell_work(Tx(current_ctx(), session), key)
        rows = session.scalars(_told(key, "work")).all()
    if form.validate_on_submit():
        begins, ends = (one.data.replace(tzinfo=own_zone) for one in (form.begins_at, form.ends_at))
        with form.refusals():
            with writing(submit_ctx()) as tx:
                asked_for = tell_work(tx, key, begins, ends, form.words.data or "")
            told = say_count(
                "%(count)s customer is being told.", "%(count)s customers are being told.", asked_for.customers
            )
            flash(told, "good")
            return redirect(request.path, 303)
    shown = page("admin/work.html", panel=panel, form=form, preview=preview, rows=rows, own_zone=own_zone.key)
    return shown, 422 if form.is_submitted() else 200


def _told(panel_id: int, kind: str) -> Select[AddressNews]:
    mine = AddressNews.panel_id == panel_id, AddressNews.kind == kind
    return select(AddressNews).where(*mine).order_by(AddressNews.id.desc()).limit(_SHOWN)


@admin.route("/panels/addresses/<int:key>/stop", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def stop_addresses(key: int) -> ResponseReturnValue:
    with reading() as session:
        news = found(session, AddressNews, key, "news")
    text = say("%(told)s of %(total)s are told by now. Nobody else is told.", told=news.told, total=news.total)
    back = "admin.panel_work" if news.kind == "work" else "admin.panel_addresses"
    question = Question(say("Stop telling?"), text, say("Stop"), url_for(back, key=news.panel_id))

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return say("Stopped after %(told)s.", told=stop_telling(tx, key).told)

    return asked(question, ReasonForm(), act)
