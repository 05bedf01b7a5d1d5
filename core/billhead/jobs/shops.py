"""The kinds of job that resellers' shops and users have. Registered when the application is made."""

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from billhead.actions.resellers.plan_due_renewals import plan_due_renewals
from billhead.actions.resellers.renew_by_itself import renew_by_itself
from billhead.actions.resellers.set_renewal_aside import set_renewal_aside
from billhead.actions.resellers.tell_line_ends import tell_line_ends
from billhead.actions.resellers.tell_users_ending import tell_users_ending
from billhead.actions.shops._supplying import queue_supply
from billhead.actions.shops.supply_waiting import supply_waiting
from billhead.db import writing
from billhead.domain.context import Context
from billhead.jobs.kinds import job_kind
from billhead.models.shops import ShopSupply

__all__: list[str] = []

log = logging.getLogger(__name__)


@job_kind("shops.supply")
def _supply_shop(ctx: Context, args: Mapping[str, Any]) -> None:
    after: int | None = 0
    while after is not None:
        with writing(ctx) as tx:
            after = supply_waiting(tx, int(args["reseller_id"]), after).last_id


@job_kind("shops.supply_all")
def _supply_shops(ctx: Context, _args: Mapping[str, Any]) -> None:
    """What nobody woke: a price was given its credits, somebody above was resumed."""
    with writing(ctx) as tx:
        waiting = select(ShopSupply.reseller_id).where(ShopSupply.state == "waiting").distinct()
        for reseller_id in tx.session.scalars(waiting):
            queue_supply(tx, reseller_id)


@job_kind("resellers.renew_due")
def _renew_due(ctx: Context, _args: Mapping[str, Any]) -> None:
    """One that breaks is named in the log, set aside for a while, and keeps nobody else back."""
    after: tuple[date, int] | None = None
    while True:
        with writing(ctx) as tx:
            due = plan_due_renewals(tx, after)
        for subscription_id in due.renewable:
            try:
                with writing(ctx) as tx:
                    renew_by_itself(tx, subscription_id)
            except Exception:
                log.exception("subscription %s could not be renewed by itself", subscription_id)
                with writing(ctx) as tx:
                    set_renewal_aside(tx, subscription_id)
        after = due.next_after
        if after is None:
            return


@job_kind("resellers.tell_ending")
def _tell_ending(ctx: Context, _args: Mapping[str, Any]) -> None:
    for tell in (tell_line_ends, tell_users_ending):
        after = 0
        while True:
            with writing(ctx) as tx:
                after = tell(tx, after).next_after
            if not after:
                break
