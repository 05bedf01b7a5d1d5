"""The kind of job that settles referrals. Registered when the application is made."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.referrals._due import due_referrals
from billhead.actions.referrals.settle_referral import settle_referral
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import job_kind

__all__: list[str] = []


@job_kind("referrals.settle")
def _settle_referrals(ctx: Context, _args: Mapping[str, Any]) -> None:
    """Each in a transaction of its own: it locks two customers."""
    after: int | None = 0
    while after is not None:
        with reading() as session:
            found = due_referrals(session, after)
        for referral_id in found:
            with writing(ctx) as tx:
                settle_referral(tx, referral_id)
        after = found[-1] if found else None
