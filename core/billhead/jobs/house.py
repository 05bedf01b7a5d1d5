"""The kinds of job that look after the house itself."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.health.verify_books import verify_books
from billhead.domain.context import Context
from billhead.jobs.kinds import job_kind

__all__: list[str] = []


@job_kind("ledger.verify", max_tries=3)
def _verify(ctx: Context, _args: Mapping[str, Any]) -> None:
    """What it finds stands on the health page: a wrong ledger is no job to be tried again."""
    verify_books(ctx)
