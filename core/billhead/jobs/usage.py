"""The kinds of job about metered use. Registered when the application is made."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.usage._rejects import ChosenRejects
from billhead.actions.usage.retry_every_reject import retry_every_reject
from billhead.actions.usage.run_usage_import import run_usage_import
from billhead.actions.usage.watch_allowances import watch_allowances
from billhead.db import writing
from billhead.domain.context import Context
from billhead.jobs.kinds import job_kind

__all__: list[str] = []


@job_kind("usage.watch")
def _watch(ctx: Context, _args: Mapping[str, Any]) -> None:
    after: int | None = 0
    while after is not None:
        with writing(ctx) as tx:
            after = watch_allowances(tx, after=after)


@job_kind("usage.import", max_tries=3)
def _import(ctx: Context, args: Mapping[str, Any]) -> None:
    run_usage_import(ctx, int(args["import_id"]))


@job_kind("usage.retry_rejects", max_tries=3)
def _retry_rejects(ctx: Context, args: Mapping[str, Any]) -> None:
    retry_every_reject(ctx, ChosenRejects(**args))
