"""The kinds of job that settle referrals. Registered when the application is made."""

import logging
from collections.abc import Mapping
from typing import Any

from billhead.actions.jobs._set_aside import set_aside
from billhead.actions.referrals._due import due_referrals
from billhead.actions.referrals.settle_referral import settle_referral
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import BillheadError
from billhead.jobs.kinds import job_kind

__all__: list[str] = []

log = logging.getLogger(__name__)


@job_kind("referrals.settle")
def _settle_referrals(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Each in a transaction of its own: it locks two customers. One that can't be settled keeps nobody else waiting."""
    after: int | None = 0
    while after is not None:
        with reading() as session:
            found = due_referrals(session, after)
        for referral_id in found:
            _settle_apart(ctx, referral_id)
        after = found[-1] if found else None


def _settle_apart(ctx: Context, referral_id: int) -> None:
    try:
        with writing(ctx) as tx:
            settle_referral(tx, referral_id)
    except BillheadError as error:
        log.warning("referral %s can't be settled: %s", referral_id, error)
        with writing(ctx) as tx:
            set_aside(tx, "referrals.settle_one", {"referral_id": referral_id})


@job_kind("referrals.settle_one", max_tries=3)
def _settle_one(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        settle_referral(tx, int(args["referral_id"]))
