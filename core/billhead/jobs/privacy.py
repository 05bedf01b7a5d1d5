"""The kinds of job about people's data: a copy that was asked for, an erasure that is due, what gateways forget."""

from collections.abc import Mapping
from typing import Any

from billhead.actions.payments.detach_method import detach_method
from billhead.actions.payments.forget_payer import forget_payer
from billhead.actions.privacy.erase_customer import erase_customer
from billhead.actions.privacy.make_export import make_export
from billhead.domain.context import Context
from billhead.jobs.kinds import TryLater, job_kind

__all__: list[str] = []


@job_kind("privacy.export", max_tries=3)
def _export(ctx: Context, args: Mapping[str, Any]) -> None:
    make_export(ctx, int(args["export_id"]))


@job_kind("privacy.erase")
def _erase(ctx: Context, args: Mapping[str, Any]) -> None:
    """Step by step: lines have to be off their panels before their logins are forgotten."""
    stands = erase_customer(ctx, int(args["erasure_id"]))
    if stands.again_at is not None:
        raise TryLater(stands.again_at, stands.said)


@job_kind("payments.detach_method")
def _detach_method(ctx: Context, args: Mapping[str, Any]) -> None:
    detach_method(ctx, int(args["method_id"]))


@job_kind("payments.forget_payer")
def _forget_payer(ctx: Context, args: Mapping[str, Any]) -> None:
    forget_payer(ctx, int(args["customer_id"]), int(args["account_id"]))
