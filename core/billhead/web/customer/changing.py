"""Changing a subscription, putting it on hold, and taking back what was planned: the price is shown first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.subscriptions._free_time import open_hold
from billhead.actions.subscriptions.change import Changed, ChangePreview, change, preview_change
from billhead.actions.subscriptions.change_choices import Choices, change_choices
from billhead.actions.subscriptions.hold import hold, preview_hold
from billhead.actions.subscriptions.keep import Kept, keep, preview_keep
from billhead.actions.subscriptions.resume import Resumed, preview_resume, resume
from billhead.db import Tx, reading, writing
from billhead.domain.changes import When
from billhead.domain.errors import BillheadError
from billhead.domain.money import Money
from billhead.domain.rights import BUYERS
from billhead.plugin import allow
from billhead.web.changing import PRICE_CHANGED, day_of, goes_on, wish_of
from billhead.web.customer.blueprint import customer
from billhead.web.customer.buying import buying
from billhead.web.customer.read import Overview, own_subscription
from billhead.web.customer.sure import sure
from billhead.web.errors import refusal
from billhead.web.formatting import day_in_words, last_day
from billhead.web.own_words import own_word
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import say

__all__: list[str] = []

R = TypeVar("R")


@customer.route("/subscriptions/<int:subscription_id>/change", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.pay")
def change_subscription(subscription_id: int) -> ResponseReturnValue:
    """The form, then the same page with the cost and a button to confirm it."""
    form = request.form if request.method == "POST" else request.args
    preview: ChangePreview | None = None
    problem, status = "", 200
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
        choices = _said(change_choices(session, subscription_id))
        if "offer" in form:
            try:
                preview = preview_change(Tx(current_ctx(), session), wish_of(form, subscription_id, choices))
            except BillheadError as refused:
                problem, status = refusal(refused)
    if request.method == "POST" and preview is not None:
        try:
            wish = wish_of(form, subscription_id, choices)
            now = preview.when == When.IMMEDIATE  # what comes at the end of the term is billed then, as any renewal
            amount = Money(preview.total_minor if now else 0, preview.currency)
            seen = form.get("seen", "")
            done = buying("subscriptions.change", wish.plan or one.plan.code, amount, lambda tx: change(tx, wish, seen))
            return _changed(done)
        except BillheadError as refused:
            problem, status = (say(PRICE_CHANGED), 409) if refused.code == "price_changed" else refusal(refused)
    shown: dict[str, Any] = {"one": one, "choices": choices, "form": form, "preview": preview, "problem": problem}
    return page("customer/change.html", **shown), status


def _said(choices: Choices) -> Choices:
    plans = tuple(replace(one, name=own_word(one.name)) for one in choices.plans)
    return replace(choices, plans=plans, addons=tuple(replace(one, name=own_word(one.name)) for one in choices.addons))


def _changed(done: Changed) -> ResponseReturnValue:
    if done.state == "offered" and done.document_id is not None:
        flash(say("The change is made as soon as this is paid."), "good")
        return redirect(url_for("storefront.pay", document_id=done.document_id), 303)
    if done.state == "scheduled":
        on = day_in_words(date.fromisoformat(str(done.effective_on)))
        told = say("Planned for %(day)s. Until then everything stays as it is.", day=on)
    else:
        told = say("Changed. Your lines follow in a moment.")
        if done.runs_until:
            until = day_in_words(last_day(date.fromisoformat(str(done.runs_until))))
            told = " ".join((told, say("Paid until %(day)s.", day=until)))
    flash(told, "good")
    return redirect(url_for("customer.subscription", subscription_id=done.subscription_id), 303)


@customer.route("/subscriptions/<int:subscription_id>/hold", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def hold_subscription(subscription_id: int) -> ResponseReturnValue:
    form = request.form if request.method == "POST" else request.args
    preview, problem, status = None, "", 200
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
        if form:
            try:
                days = day_of(form, "starts_on"), day_of(form, "ends_on")
                preview = preview_hold(Tx(current_ctx(), session), subscription_id, *days)
            except BillheadError as refused:
                problem, status = refusal(refused)
    if request.method == "POST" and preview is not None:
        try:
            with writing(submit_ctx()) as tx:
                held = hold(tx, subscription_id, day_of(form, "starts_on"), preview.ends_on, seen=form.get("seen", ""))
        except BillheadError as refused:
            problem, status = (say(PRICE_CHANGED), 409) if refused.code == "price_changed" else refusal(refused)
        else:
            planned, begun = say("The hold is planned."), say("On hold. Your lines stand still.")
            flash(planned if held.state == "scheduled" else begun, "good")
            return redirect(url_for("customer.subscription", subscription_id=subscription_id), 303)
    return page("customer/hold.html", one=one, form=form, preview=preview, problem=problem), status


@customer.route("/subscriptions/<int:subscription_id>/resume", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def resume_subscription(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
        pause = open_hold(Tx(current_ctx(), session), one.subscription)
    done, problem = _done_as_seen(resume, subscription_id)
    if done is None:
        credited = say("The days that are left of the running period are billed, from your credit first.")
        kept = say("The days that you had left when it began are added.")
        happens = [say("Your lines run again from today."), kept if pause and pause.why == "kept" else credited]
        title = say("End the hold of %(plan)s?", plan=one.plan.name)
        shown = preview_resume(current_ctx(), subscription_id)
        return _sure(title, happens, say("End the hold"), one, shown, problem)
    if done.paid_through:
        until = day_in_words(last_day(date.fromisoformat(str(done.paid_through))))
        flash(say("Your lines run again. Paid until %(day)s.", day=until), "good")
    else:
        flash(say("Running again."), "good")
    return redirect(url_for("customer.subscription", subscription_id=subscription_id), 303)


@customer.route("/subscriptions/<int:subscription_id>/keep", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def keep_subscription(subscription_id: int) -> ResponseReturnValue:
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
    done, problem = _done_as_seen(keep, subscription_id)
    if done is None:
        return _ask_to_keep(one, problem)
    flash(say("Taken back: your subscription goes on as before."), "good")
    return redirect(url_for("customer.subscription", subscription_id=subscription_id), 303)


def _ask_to_keep(one: Overview, problem: str) -> ResponseReturnValue:
    ends = one.subscription.service_ends_on
    title, button = say("Take the planned change back?"), say("Take it back")
    happens = [say("What is planned does not happen: everything stays as it is.")]
    if ends is not None:
        title, button = say("Keep %(plan)s?", plan=one.plan.name), say("Keep it after all")
        last = day_in_words(last_day(ends))
        happens = [
            say("It does not end on %(day)s but goes on, and what comes after that day is charged again.", day=last),
            say(
                "What was given back to you for days that you watch after all is charged again, from your credit first."
            ),
        ]
    return _sure(title, happens, button, one, preview_keep(current_ctx(), one.subscription.id), problem)


def _done_as_seen(act: Callable[..., R], subscription_id: int) -> tuple[R | None, str]:
    """What was done where the button was pressed; else why it has to be looked at again, if it was."""
    if request.method != "POST":
        return None, ""
    try:
        with writing(submit_ctx()) as tx:
            return act(tx, subscription_id, seen=request.form.get("seen", "")), ""
    except BillheadError as refused:
        if refused.code != "price_changed":
            raise
        return None, say(PRICE_CHANGED)


def _sure(
    title: str, happens: list[str], button: str, one: Overview, shown: Resumed | Kept, problem: str
) -> ResponseReturnValue:
    return sure(title, happens, button, _back(one), sent={"seen": shown.seen}, figures=goes_on(shown), problem=problem)


def _back(one: Overview) -> str:
    return url_for("customer.subscription", subscription_id=one.subscription.id)
