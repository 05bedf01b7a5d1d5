"""The kinds of job of support: reading mailboxes, and the mails that came out of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from billhead.actions.scheduling import enqueue
from billhead.actions.support.fetch_mail import fetch_mail
from billhead.actions.support.take_mail import take_mail
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.jobs.kinds import job_kind
from billhead.models.support import Department


@job_kind("support.fetch_all")
def _fetch_all(ctx: Context, _args: Mapping[str, Any]) -> None:
    """One job for each mailbox, and one at a time: a slow one holds up nobody else."""
    with reading() as session:
        rows = session.execute(select(Department.id, Department.settings)).all()
    wanted = [key for key, settings in rows if settings.get("host")]
    if wanted:
        with writing(ctx) as tx:
            for key in wanted:
                lane = f"support.mailbox:{key}"
                enqueue(tx, "support.fetch_mail", {"department_id": key}, key=lane, lane=lane)


@job_kind("support.fetch_mail", max_tries=3)
def _fetch_mail(ctx: Context, args: Mapping[str, Any]) -> None:
    while (done := fetch_mail(ctx, int(args["department_id"]))) is not None and done.more:
        pass


@job_kind("support.take_mail", max_tries=5)
def _take_mail(ctx: Context, args: Mapping[str, Any]) -> None:
    with writing(ctx) as tx:
        take_mail(tx, int(args["mail_id"]))
