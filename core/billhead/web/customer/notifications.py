"""What the customer is told by which channel, when its phone stays quiet, its own channels, and what was sent."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from billhead.actions.notifications._channels import EMAIL, channels_by, connectable
from billhead.actions.notifications._groups import CHOSEN, DIGEST, group_of
from billhead.actions.notifications._often import OF_CUSTOMERS, OF_RESELLERS
from billhead.actions.notifications.begin_start import begin_start
from billhead.actions.notifications.choose_notices import NoticeWish, choose_notices
from billhead.actions.notifications.confirm_code import confirm_code
from billhead.actions.notifications.find_started import find_started
from billhead.actions.notifications.forget_address import forget_address
from billhead.actions.notifications.send_code import send_code
from billhead.db import reading, writing
from billhead.domain.context import Role
from billhead.domain.errors import NoticeNotSent
from billhead.domain.rights import BUYERS
from billhead.models.notices import NoticeAddress, NoticeChoice
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.plugin import Addressing, NotificationChannel, allow
from billhead.plugin_host import channel_connection
from billhead.web.customer.blueprint import customer
from billhead.web.customer.sure import sure
from billhead.web.forms import Form, stripped, ticked
from billhead.web.how_often import add_often_fields, often_data, often_told
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, current_customer_id, signed_in, submit_ctx
from billhead.web.speaking import later, say, speech

__all__: list[str] = []

_OWN = (Addressing.TYPED, Addressing.STARTED)
_HOURS = {"": "–", **{str(hour): f"{hour:02d}:00" for hour in range(24)}}
_GROUPS = {
    "bills": later("Bills and payments"),
    "line": later("Your line and box"),
    "support": later("Answers of our support"),
    "news": later("News"),
    "security": later("Security"),
    DIGEST: later("Summaries"),
}
_WORDS = {
    "queued": later("waits"),
    "held": later("comes with your next summary"),
    "in_digest": later("came in a summary"),
    "sending": later("under way"),
    "failed": later("tried again soon"),
    "rejected": later("not accepted"),
    "unknown": later("may have arrived"),
}


class ChoiceForm(Form):
    bills = ticked(later("Bills and payments"))
    line = ticked(later("Your line and box"))
    support = ticked(later("Answers of our support"))
    news = ticked(later("News"), later("Planned work, trials that end, prices that stay. None ticked: none is sent."))
    quiet_from = SelectField(
        later("Quiet from"), choices=_HOURS, description=later("Your phone rings for nothing in these hours.")
    )
    quiet_to = SelectField(
        later("Quiet until"), choices=_HOURS, description=later("In your time zone. Mails come at any hour.")
    )


class ResellersForm(ChoiceForm):
    """A reseller is told of its shop as well."""


add_often_fields(ChoiceForm, OF_CUSTOMERS)
add_often_fields(ResellersForm, OF_RESELLERS)


class AddressForm(Form):
    address = StringField(
        later("Phone number"),
        filters=[stripped],
        validators=[InputRequired(later("Enter your number.")), Length(max=100)],
        description=later("With the country, like +358401234567. We send a code there."),
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )


class CodeForm(Form):
    code = StringField(
        later("Code"),
        filters=[stripped],
        validators=[InputRequired(later("Enter the code.")), Length(max=10)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


def _addresses(session: Session) -> dict[str, NoticeAddress]:
    mine = select(NoticeAddress).where(NoticeAddress.customer_id == current_customer_id())
    return {one.channel: one for one in session.scalars(mine)}


@customer.route("/notifications", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.privacy")
def notifications() -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(Customer, current_customer_id())
        chosen = session.get(NoticeChoice, me.id)
        channels, addresses = channels_by(session, *_OWN), _addresses(session)
    login = signed_in()
    sells = login is not None and login.role != Role.CUSTOMER
    offered = OF_RESELLERS if sells else OF_CUSTOMERS
    often = often_data(chosen.often if chosen is not None else {}, offered)
    form = (ResellersForm if sells else ChoiceForm)(data={**_shown(chosen), **often})
    confirmed = {code for code, one in addresses.items() if one.confirmed_at}
    usable = {one.code: say(one.label) for one in channels if one.code in confirmed}
    for group in CHOSEN:
        form[group].choices = {EMAIL: me.email, **usable}
    if form.validate_on_submit():
        with form.refusals():
            begins, ends = (int(form[name].data) if form[name].data else None for name in ("quiet_from", "quiet_to"))
            ways = {group: form[group].data or [] for group in CHOSEN}
            wish = NoticeWish(ways, begins, ends, often_told(form, offered))
            with writing(submit_ctx()) as tx:
                choose_notices(tx, me.id, wish)
            flash(say("Saved. It holds for what is sent from now on."), "good")
            return redirect(url_for("customer.notifications"), 303)
    told = {"form": form, "me": me, "channels": channels, "addresses": addresses}
    return page("customer/notifications.html", **told), 422 if form.is_submitted() else 200


def _shown(chosen: NoticeChoice | None) -> dict[str, Any]:
    channels = chosen.channels if chosen is not None else {}
    hours = (chosen.quiet_from, chosen.quiet_to) if chosen is not None else (None, None)
    quiet_from, quiet_to = ("" if hour is None else str(hour) for hour in hours)
    return {**{g: channels.get(g, [EMAIL]) for g in CHOSEN}, "quiet_from": quiet_from, "quiet_to": quiet_to}


@customer.route("/notifications/<channel>", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.privacy")
def connect(channel: str) -> ResponseReturnValue:
    with reading() as session:
        there = connectable(session, channel, *_OWN)
        mine = _addresses(session).get(channel)
    if getattr(there, "addressing", None) is Addressing.STARTED:
        return _by_start(there)
    form = AddressForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                send_code(tx, current_customer_id(), channel, form.address.data)
            return redirect(url_for("customer.enter_code", channel=channel), 303)
    told = {"form": form, "channel": there, "mine": mine, "button": say("Send me a code")}
    return page("customer/notification_channel.html", **told), 422 if form.is_submitted() else 200


def _by_start(there: NotificationChannel) -> ResponseReturnValue:
    """GET makes nothing; the first POST makes a code and shows the link that holds it."""
    form, url = Form(), ""
    if form.validate_on_submit():
        with writing(current_ctx()) as tx:
            code = begin_start(tx, current_customer_id(), there.code)
        url = there.start_url(channel_connection(there.code), code)  # type: ignore[attr-defined]
    return page("customer/notification_start.html", form=form, channel=there, url=url)


@customer.post("/notifications/<channel>/started")
@allow(*BUYERS, permission="own.privacy")
def started(channel: str) -> ResponseReturnValue:
    try:
        find_started(current_ctx(), channel)
    except NoticeNotSent:
        flash(say("It can't be asked now. Please try again in some minutes."), "bad")
        return redirect(url_for("customer.notifications"), 303)
    with reading() as session:
        mine = _addresses(session).get(channel)
    if mine is not None and mine.confirmed_at:
        flash(say("Connected. Choose below what is told there."), "good")
        return redirect(url_for("customer.notifications"), 303)
    flash(say("We have not seen you there yet. Begin once more, and press Start in the talk."), "bad")
    return redirect(url_for("customer.connect", channel=channel), 303)


@customer.route("/notifications/<channel>/code", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.privacy")
def enter_code(channel: str) -> ResponseReturnValue:
    with reading() as session:
        there = connectable(session, channel, Addressing.TYPED)
        mine = _addresses(session).get(channel)
    form = CodeForm()
    if mine is None or not mine.code_digest:
        return redirect(url_for("customer.connect", channel=channel), 303)
    if form.validate_on_submit():
        with writing(current_ctx()) as tx:
            right = confirm_code(tx, current_customer_id(), channel, form.code.data)["confirmed"]
        if right:
            flash(say("Connected. Choose below what is told there."), "good")
            return redirect(url_for("customer.notifications"), 303)
        form.code.errors = [
            say("This is not the code, or its 15 minutes are over. After five wrong ones, ask for another.")
        ]
    told = {"form": form, "channel": there, "mine": mine, "button": say("Connect")}
    return page("customer/notification_channel.html", **told), 422 if form.is_submitted() else 200


@customer.route("/notifications/<channel>/remove", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.privacy")
def forget_channel(channel: str) -> ResponseReturnValue:
    if request.method == "GET":
        return _ask_to_forget(channel)
    with writing(submit_ctx()) as tx:
        forget_address(tx, current_customer_id(), channel)
    flash(say("Removed. What was told there comes by e-mail now."), "good")
    return redirect(url_for("customer.notifications"), 303)


def _ask_to_forget(channel: str) -> ResponseReturnValue:
    """What was to be told there, by the groups that are chosen for it."""
    with reading() as session:
        there = connectable(session, channel, *_OWN)
        chosen = session.get(NoticeChoice, current_customer_id())
    told = [
        _GROUPS[group] for group in CHOSEN if channel in (chosen.channels if chosen is not None else {}).get(group, ())
    ]
    happens = [say("Nothing is sent to you by %(channel)s any more.", channel=say(there.label))]
    if told:
        what = speech().listed(str(one) for one in told)
        happens.append(say("This comes by e-mail instead: %(what)s.", what=what))
    happens.append(say("To have it back, connect it again."))
    back = url_for("customer.notifications")
    return sure(say("Remove %(channel)s?", channel=say(there.label)), happens, say("Remove it"), back, danger=True)


@customer.get("/messages")
@allow(*BUYERS, permission="own.privacy")
def messages() -> ResponseReturnValue:
    mine = select(Notice).where(Notice.customer_id == current_customer_id(), Notice.channel.in_(_seen_channels()))
    with reading() as session:
        rows = page_of(session, mine, Notice.id)
        zone = session.get_one(Customer, current_customer_id()).zone
    abouts = {one.id: _GROUPS[group_of(one.kind)] for one in rows.items}
    return page("customer/messages.html", rows=rows, zone=zone, words=_WORDS, abouts=abouts)


def _seen_channels() -> list[str]:
    """A copy for a system of the operator's is no message to the customer."""
    with reading() as session:
        return [EMAIL, *(one.code for one in channels_by(session, Addressing.EMAIL, *_OWN) if one.code != EMAIL)]
