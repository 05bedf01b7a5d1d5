"""Days that are given to many at once: asked with figures, given by a job, watched, and stopped."""

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from billhead.actions.subscriptions.cancel_gift import cancel_gift
from billhead.actions.subscriptions.give_days import GiftPreview, GiftScope, give_days, preview_give_days
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.panels import Panel
from billhead.models.subscriptions import DayGift
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.csv_export import csv_response
from billhead.web.pages import page
from billhead.web.paging import page_of
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__: list[str] = []

_COLUMNS = (
    marked("When"), marked("Who"), marked("Days"), marked("Why"), marked("Given"), marked("Subscriptions"),
    marked("State"), marked("By"), marked("Left out"),
)  # fmt: skip


class GiftForm(ReasonForm):
    scope = SelectField(later("Who gets them"), validators=[InputRequired()])
    days = IntegerField(later("Days"), validators=[InputRequired(), NumberRange(1, 366)], default=1)
    reason = reason_field()


@admin.get("/gifts")
@allow("staff")
def gifts() -> ResponseReturnValue:
    names = dict(_scopes())
    if request.args.get("format") == "csv":
        return csv_response("gifts", [say(head) for head in _COLUMNS], _all(names))
    with reading() as session:
        rows = page_of(session, select(DayGift), DayGift.id)
    return page("admin/gifts.html", rows=rows, names=names, scope_key=_key_of)


def _all(names: dict[str, str]) -> Iterator[list[Any]]:
    with reading() as session:
        for gift in session.scalars(select(DayGift).order_by(DayGift.id.desc()).execution_options(yield_per=500)):
            whom = names.get(_key_of(gift), _key_of(gift))
            yield [gift.created_at.isoformat(), whom, gift.days, gift.reason, gift.given, gift.total, gift.state,
                   gift.actor, "; ".join(f"{say(why)}: {count}" for why, count in gift.left_out.items())]  # fmt: skip


@admin.route("/gifts/new", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def new_gift() -> ResponseReturnValue:
    """First the figures, then the yes."""
    form = GiftForm()
    form.scope.choices = _scopes()
    preview: GiftPreview | None = None
    if form.validate_on_submit():
        with form.refusals():
            scope = _scope(form.scope.data)
            with reading() as session:
                preview = preview_give_days(Tx(current_ctx(), session), scope, form.days.data)
            if request.form.get("sure") == f"{form.scope.data}|{form.days.data}|{preview.subscriptions}":
                with writing(submit_ctx()) as tx:
                    asked_for = give_days(tx, scope, form.days.data, form.reason.data)
                flash(
                    say_count(
                        "%(count)s subscription gets this time: %(time)s. It takes a moment.",
                        "%(count)s subscriptions get this time: %(time)s. It takes a moment.",
                        asked_for.subscriptions,
                        time=say_count("%(count)s day", "%(count)s days", form.days.data),
                    ),
                    "good",
                )
                return redirect(url_for("admin.gifts"), 303)
    status = 422 if form.is_submitted() and preview is None else 200
    return page("admin/gift.html", form=form, preview=preview), status


@admin.route("/gifts/<int:key>/stop", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def stop_gift(key: int) -> ResponseReturnValue:
    with reading() as session:
        gift = found(session, DayGift, key, "gift of days")
    text = say_count(
        "%(count)s of %(total)s has its days, and keeps them. Nobody else gets any.",
        "%(count)s of %(total)s have their days; they keep them. Nobody else gets any.",
        gift.given,
        total=gift.total,
    )
    question = Question(say("Stop giving days?"), text, say("Stop"), url_for("admin.gifts"))

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            return say("Stopped after %(done)s.", done=cancel_gift(tx, key).given)

    return asked(question, ReasonForm(), act)


def _scopes() -> list[tuple[str, str]]:
    with reading() as session:
        panels = session.execute(select(Panel.id, Panel.name).order_by(Panel.name)).all()
        bouquets = session.execute(select(Bouquet.id, Bouquet.name).order_by(Bouquet.name)).all()
        plans = session.execute(select(Plan.id, Plan.name).where(Plan.retired.is_(False)).order_by(Plan.name)).all()
    found_ones = [(f"panel:{key}", say("All on the panel %(name)s", name=name)) for key, name in panels]
    found_ones += [(f"bouquet:{key}", say("All with the bouquet %(name)s", name=name)) for key, name in bouquets]
    return found_ones + [(f"plan:{key}", say("All with %(name)s", name=name)) for key, name in plans]


def _scope(text: str) -> GiftScope:
    kind, _, key = text.partition(":")
    return GiftScope(**{f"{kind}_id": int(key)})


def _key_of(gift: DayGift) -> str:
    pairs = (("panel", gift.panel_id), ("bouquet", gift.bouquet_id), ("plan", gift.plan_id))
    return next(f"{kind}:{key}" for kind, key in pairs if key is not None)
