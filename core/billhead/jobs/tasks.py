"""The kinds of job that the core does, each a few lines around an action. Registered when the application is made."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import or_, select, update

from billhead import clock
from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.accounts.send_password_link import send_password_link
from billhead.actions.adopting.adopt_panel import adopt_panel
from billhead.actions.billing.rebill import rebill
from billhead.actions.billing.recognise import recognise
from billhead.actions.billing.run import run_billing
from billhead.actions.bulk.do_next import do_next
from billhead.actions.catalogue.tell_price_changes import tell_price_changes
from billhead.actions.credits.expire_credit import expire_credit
from billhead.actions.credits.take_back_lent import take_back_lent
from billhead.actions.credits.watch_credit import watch_credit
from billhead.actions.documents.look_after import look_after
from billhead.actions.dunning.close_promises import close_promises
from billhead.actions.dunning.dun import dun
from billhead.actions.dunning.lift import lift_debt
from billhead.actions.dunning.lift_cleared import lift_cleared
from billhead.actions.entitlements.follow_window import follow_window
from billhead.actions.entitlements.refund_event import refund_event
from billhead.actions.entitlements.refund_one import refund_one
from billhead.actions.fraud.ask_again import ask_again
from billhead.actions.importing.run_import import run_import
from billhead.actions.ledger.seal import seal
from billhead.actions.moving._queueing import queue_move
from billhead.actions.moving.move_lines import move_lines
from billhead.actions.notifications.gather_digests import gather_digests
from billhead.actions.notifications.send_notice import send_notice
from billhead.actions.panels.check_panel import check_panel
from billhead.actions.panels.read_balance import read_balance
from billhead.actions.panels.tell_addresses_batch import tell_addresses_batch
from billhead.actions.payments.apply_callback import apply_callback
from billhead.actions.payments.collect import collect
from billhead.actions.payments.resolve import resolve
from billhead.actions.payments.send_refund import send_refund
from billhead.actions.payments.tell_expiring import tell_expiring
from billhead.actions.provisioning._balance import panels_with_balance
from billhead.actions.provisioning._queue import queue_reconcile
from billhead.actions.provisioning.converge import converge
from billhead.actions.provisioning.end_again import end_again
from billhead.actions.provisioning.reconcile import reconcile_panel
from billhead.actions.provisioning.resolve_purchase import resolve_purchase
from billhead.actions.resellers.do_next_user import do_next_user
from billhead.actions.resellers.follow_owner import follow_owner
from billhead.actions.resellers.follow_suspension import follow_suspension
from billhead.actions.resellers.send_next_message import send_next_message
from billhead.actions.scheduling import enqueue
from billhead.actions.subscriptions.begin_scheduled import begin_scheduled
from billhead.actions.subscriptions.follow_days import follow_days
from billhead.actions.subscriptions.give_days_batch import give_days_batch
from billhead.actions.subscriptions.lapse import lapse
from billhead.actions.subscriptions.tell_trials import tell_trials
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError, Conflict, PanelRejected, RunNeedsConfirmation
from billhead.domain.payment import AttemptState
from billhead.jobs.deliveries import deliver_due
from billhead.jobs.kinds import TryLater, job_kind
from billhead.jobs.queue import purge
from billhead.jobs.watching import forget
from billhead.models.panels import Panel
from billhead.models.payments import PaymentAttempt, Refund
from billhead.models.people import Customer
from billhead.plugin_host import plugins

log = logging.getLogger(__name__)

_KEEP_DONE = timedelta(days=14)
_VAT_ID_HOLDS = timedelta(days=30)
_LOOKED_AT = tuple(state.value for state in AttemptState)


@job_kind("accounts.password_link")
def _password_link(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        send_password_link(tx, int(args["seller_id"]), str(args["email"]), str(args.get("kind", "password_link")))


@job_kind("provisioning.converge", max_tries=6)
def _converge(ctx: Context, args: Mapping[str, Any]) -> None:
    answer = converge(ctx, int(args["service_id"]))
    if answer is None:
        return
    if answer.wait_until is not None:
        raise TryLater(answer.wait_until, answer.error)
    if answer.retry:
        raise PanelRejected(answer.error)


@job_kind("provisioning.resolve_purchase")
def _resolve_purchase(ctx: Context, args: Mapping[str, Any]) -> None:
    looked = resolve_purchase(ctx, int(args["purchase_id"]))
    if looked is not None and looked.wait_until is not None:
        raise TryLater(looked.wait_until, looked.why)


@job_kind("panels.read_balance")
def _read_balance(ctx: Context, args: Mapping[str, Any]) -> None:
    read_balance(ctx, int(args["panel_id"]))


@job_kind("panels.read_balances")
def _read_balances(ctx: Context, _args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        for panel_id in panels_with_balance(tx.session):
            enqueue(tx, "panels.read_balance", {"panel_id": panel_id}, key=f"balance:{panel_id}")


@job_kind("entitlements.refund_event")
def _refund_event(ctx: Context, args: Mapping[str, Any]) -> None:
    after, failed = 0, dict[int, str]()
    while True:
        with writing(ctx) as tx:
            done = refund_event(tx, int(args["plan_id"]), reason=str(args["reason"]), after=after)
        failed.update(done.failed)
        after = done.last_id
        if not after:
            break
    if failed:  # tried again later, and parked for a person in the end
        one, why = next(iter(failed.items()))
        raise Conflict(f"{len(failed)} buyers have nothing back yet; entitlement {one}: {why}")


@job_kind("entitlements.refund_one")
def _refund_one(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        refund_one(tx, int(args["entitlement_id"]), reason=str(args["reason"]))


@job_kind("entitlements.follow")
def _follow_window(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        follow_window(tx, int(args["entitlement_id"]))


@job_kind("resellers.follow_suspension")
def _follow_suspension(ctx: Context, args: Mapping[str, Any]) -> None:
    after: int | None = 0
    while after is not None:
        with writing(ctx) as tx:
            after = follow_suspension(tx, int(args["reseller_id"]), after).last_id


@job_kind("resellers.follow_owner")
def _follow_owner(ctx: Context, args: Mapping[str, Any]) -> None:
    after: int | None = 0
    while after is not None:
        with writing(ctx) as tx:
            after = follow_owner(tx, int(args["reseller_id"]), after).last_id


@job_kind("resellers.do_many", max_tries=3)
def _do_many(ctx: Context, args: Mapping[str, Any]) -> None:
    more = True
    while more:
        with writing(ctx) as tx:
            more = do_next_user(tx, int(args["bulk_id"])).more


@job_kind("resellers.send_message", max_tries=5)
def _send_message(ctx: Context, args: Mapping[str, Any]) -> None:
    more = True
    while more:
        with writing(ctx) as tx:
            more = send_next_message(tx, int(args["message_id"])).more


@job_kind("subscriptions.bulk", max_tries=5)
def _bulk(ctx: Context, args: Mapping[str, Any]) -> None:
    more = True
    while more:
        with writing(ctx) as tx:
            more = do_next(tx, int(args["bulk_id"])).more


@job_kind("panels.adopt", max_tries=3)
def _adopt(ctx: Context, args: Mapping[str, Any]) -> None:
    adopt_panel(ctx, int(args["adoption_id"]))


@job_kind("importing.run", max_tries=3)
def _import(ctx: Context, args: Mapping[str, Any]) -> None:
    run_import(ctx, int(args["import_id"]))


@job_kind("panels.move")
def _move(ctx: Context, args: Mapping[str, Any]) -> None:
    """A piece of a move; the next one is queued under the move's own key."""
    move_id = int(args["move_id"])
    again = move_lines(ctx, move_id)
    if again is not None:
        with writing(ctx) as tx:
            queue_move(tx, move_id, again)


@job_kind("panels.check")
def _check_panel(ctx: Context, args: Mapping[str, Any]) -> None:
    """The first connection, which finds out what was left open; a panel that is not well is shown with its error."""
    check_panel(ctx, int(args["panel_id"]))


@job_kind("provisioning.reconcile")
def _reconcile(ctx: Context, args: Mapping[str, Any]) -> None:
    reconcile_panel(ctx, int(args["panel_id"]), confirmed=bool(args.get("confirmed")))


@job_kind("provisioning.reconcile_all")
def _reconcile_all(ctx: Context, _args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        for panel_id in tx.session.scalars(select(Panel.id).where(Panel.maintenance.is_(False))):
            queue_reconcile(tx, panel_id)
        end_again(tx)


@job_kind("billing.run")
def _billing_run(_ctx: Context, args: Mapping[str, Any]) -> None:
    """A run that stops and asks is done here: what it asks is shown with the run."""
    only = tuple(int(one) for one in args["only"]) if "only" in args else None
    with suppress(RunNeedsConfirmation):
        run_billing(clock.business_now(), confirmed=bool(args.get("confirmed")), only=only)


@job_kind("documents.look_after")
def _look_after_documents(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Drafts whose days are over become final, and proformas that nobody has paid expire."""
    look_after(ctx)


@job_kind("payments.collect")
def _collect(ctx: Context, args: Mapping[str, Any]) -> None:
    collected = collect(ctx, int(args["document_id"]), after=int(args.get("after", 0)))
    if collected.state in ("stopped", "paused", "undecided"):
        raise TryLater(clock.business_now() + timedelta(minutes=10), f"charges are {collected.state}")
    if collected.state == "in_dispute":
        raise TryLater(clock.business_now() + timedelta(days=1), "what is owed is disputed")
    if collected.state == "too_often":
        raise TryLater(clock.business_now() + timedelta(days=1), "the card was declined too often in 30 days")


@job_kind("payments.refund")
def _refund(ctx: Context, args: Mapping[str, Any]) -> None:
    state = send_refund(ctx, int(args["refund_id"]))
    if state in ("stopped", "created", "in_progress"):
        raise TryLater(clock.business_now() + timedelta(minutes=10), "nothing could be sent yet")


@job_kind("fraud.ask_again")
def _ask_again(ctx: Context, args: Mapping[str, Any]) -> None:
    ask_again(ctx, int(args["case_id"]))


@job_kind("payments.payer_is_back")
def _payer_is_back(ctx: Context, args: Mapping[str, Any]) -> None:
    """Some gateways wait for us to ask before they take the money; if this fails, the scheduled look finds it."""
    _look(ctx, partial(resolve, scheduled=False), "payment attempt", int(args["attempt_id"]))


@job_kind("payments.resolve_open")
def _resolve_open(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Look up what is due for a look, undecided or still watched; what a crash left at `created` is one of them.

    One that can't be looked up (its plugin is gone, a setting is missing) costs itself only.
    """
    now = clock.business_now()
    with reading() as session:
        due = session.scalars(
            select(PaymentAttempt.id)
            .where(
                (PaymentAttempt.state.in_(_LOOKED_AT) & (PaymentAttempt.next_look_at <= now))
                | ((PaymentAttempt.state == "created") & (PaymentAttempt.created_at <= now - timedelta(minutes=5)))
            )
            .order_by(PaymentAttempt.next_look_at)
            .limit(500)
        ).all()
        refunds = session.scalars(
            select(Refund.id)
            .where(
                (Refund.state.in_(("unknown", "processing")) & (Refund.next_look_at <= now))
                | ((Refund.state == "created") & (Refund.sending_since <= now - timedelta(minutes=5)))
            )
            .order_by(Refund.next_look_at)
            .limit(500)
        ).all()
    for attempt_id in due:
        if not _look(ctx, resolve, "payment attempt", attempt_id):
            _later(ctx, PaymentAttempt, attempt_id)
    for refund_id in refunds:
        if not _look(ctx, send_refund, "refund", refund_id):
            _later(ctx, Refund, refund_id)


def _look(ctx: Context, look: Callable[[Context, int], str], what: str, key: int) -> bool:
    try:
        look(ctx, key)
    except BillheadError as error:
        log.warning("%s %s can't be looked up: %s", what, key, error)
        return False
    return True


def _later(ctx: Context, table: type[PaymentAttempt] | type[Refund], key: int) -> None:
    """What can't be looked up waits an hour, so that it does not stand before all that can."""
    with writing(ctx) as tx:
        later = clock.business_now() + timedelta(hours=1)
        tx.session.execute(update(table).where(table.id == key).values(next_look_at=later))


@job_kind("payments.tell_expiring")
def _tell_expiring(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, tell_expiring)


@job_kind("callbacks.apply")
def _apply_callback(ctx: Context, args: Mapping[str, Any]) -> None:
    apply_callback(ctx, int(args["callback_id"]))


@job_kind("dunning.run")
def _dunning(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Broken promises first: what they had put off is due in the same hour."""
    _batches(ctx, close_promises)
    _batches(ctx, dun)
    _batches(ctx, lapse)


@job_kind("dunning.dun_one", max_tries=3)
def _dun_one(ctx: Context, args: Mapping[str, Any]) -> None:
    """One that kept its batch waiting for nobody: it fails here, until what is in its way is mended."""
    with writing(ctx) as tx:
        dun(tx, only=int(args["document_id"]))


@job_kind("subscriptions.lapse_one", max_tries=3)
def _lapse_one(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        lapse(tx, only=int(args["subscription_id"]))


@job_kind("dunning.lift_cleared")
def _lift_cleared(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, lift_cleared)


@job_kind("dunning.lift_one", max_tries=3)
def _lift_one(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        lift_debt(tx, int(args["subscription_id"]))


def _batches(ctx: Context, verb: Callable[[Tx, int], Any]) -> None:
    """A verb over all rows, each batch in a transaction of its own."""
    next_after = 0
    while True:
        with writing(ctx) as tx:
            next_after = verb(tx, next_after).next_after
        if not next_after:
            return


@job_kind("prices.tell")
def _tell_prices(ctx: Context, _args: Mapping[str, Any]) -> None:
    more = True
    while more:
        with writing(ctx) as tx:
            more = tell_price_changes(tx).more


@job_kind("accounts.check_vat_id")
def _check_vat_id(ctx: Context, args: Mapping[str, Any]) -> None:
    checked = check_vat_id(ctx, int(args["customer_id"]))
    if checked.ask_again_in is not None:
        raise TryLater(clock.business_now() + checked.ask_again_in, checked.said)


@job_kind("accounts.recheck_vat_ids")
def _recheck_vat_ids(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Ids that no register has answered about, or not for a month, are asked about again; so many a day."""
    if not plugins().tax_id_checkers():
        return
    month_ago = clock.business_now() - _VAT_ID_HOLDS
    with writing(ctx) as tx:
        old = select(Customer.id).where(
            Customer.vat_id != "",
            Customer.vat_id_state.in_(["unchecked", "pending", "valid"]),
            or_(Customer.vat_id_checked_at.is_(None), Customer.vat_id_checked_at < month_ago),
        )
        for customer_id in tx.session.scalars(old.order_by(Customer.vat_id_checked_at, Customer.id).limit(1000)):
            enqueue(tx, "accounts.check_vat_id", {"customer_id": customer_id}, key=f"vat_id:{customer_id}")


@job_kind("subscriptions.begin_scheduled")
def _begin_scheduled(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, begin_scheduled)


@job_kind("subscriptions.begin_one", max_tries=3)
def _begin_one(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        begin_scheduled(tx, only=int(args["change_id"]))


@job_kind("subscriptions.tell_trials")
def _tell_trials(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, tell_trials)


@job_kind("credits.expire")
def _expire_credit(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, expire_credit)


@job_kind("credits.take_back_lent")
def _take_back_lent(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, take_back_lent)


@job_kind("credits.watch")
def _watch_credit(ctx: Context, _args: Mapping[str, Any]) -> None:
    _batches(ctx, watch_credit)


@job_kind("subscriptions.rebill")
def _rebill(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        rebill(tx, int(args["subscription_id"]))


@job_kind("subscriptions.follow_days")
def _follow_days(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        follow_days(tx, int(args["subscription_id"]))


@job_kind("subscriptions.give_days")
def _give_days(ctx: Context, args: Mapping[str, Any]) -> None:
    more = True
    while more:
        with writing(ctx) as tx:
            more = give_days_batch(tx, int(args["gift_id"])).more


@job_kind("panels.tell_addresses")
def _tell_addresses(ctx: Context, args: Mapping[str, Any]) -> None:
    more = True
    while more:
        with writing(ctx) as tx:
            more = tell_addresses_batch(tx, int(args["news_id"])).more


@job_kind("notices.digest")
def _digests(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Mornings come at another hour in each zone."""
    more = True
    while more:
        with writing(ctx) as tx:
            more = gather_digests(tx).more


@job_kind("notices.send", max_tries=8)
def _send_notice(ctx: Context, args: Mapping[str, Any]) -> None:
    send_notice(ctx, int(args["notice_id"]))


@job_kind("events.deliver")
def _deliver(_ctx: Context, args: Mapping[str, Any]) -> None:
    deliver_due(args.get("plugin"))


@job_kind("ledger.recognise")
def _recognise(ctx: Context, _args: Mapping[str, Any]) -> None:
    recognise(ctx, clock.business_now())


@job_kind("ledger.seal")
def _seal(ctx: Context, _args: Mapping[str, Any]) -> None:
    seal(ctx)


@job_kind("house.purge")
def _purge(ctx: Context, _args: Mapping[str, Any]) -> None:
    purge(clock.now() - _KEEP_DONE)
    forget(ctx)
