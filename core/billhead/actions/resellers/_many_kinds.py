"""What a reseller does to many users at once: what one of them takes or brings back, and how it is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from billhead.actions.resellers._end_plans import planned_ends
from billhead.actions.resellers._renewal_plans import PlannedRenewal, planned_renewals
from billhead.actions.resellers.disable_user import disable_user, preview_disable_users
from billhead.actions.resellers.enable_user import enable_user, preview_enable_users
from billhead.actions.resellers.renew_user import renew_user
from billhead.actions.resellers.terminate_user import terminate_user
from billhead.db import Tx
from billhead.domain.errors import BillheadError, InvalidInput
from billhead.domain.periods import Term

__all__ = ["KINDS", "Kind", "kind_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`preview` returns credits, in hundredths, or why not, by subscription; `act` those and until when it is paid then
    (ISO, or ""). They are what it `takes`, or else what comes back."""

    preview: Callable[[Tx, Sequence[int]], Mapping[int, int | BillheadError]]
    act: Callable[[Tx, int], tuple[int, str]]
    takes: bool = False


_T = TypeVar("_T")


def _all(
    preview: Callable[[Tx, Sequence[int]], Mapping[int, _T | BillheadError]], credits_of: Callable[[_T], int]
) -> Callable[[Tx, Sequence[int]], Mapping[int, int | BillheadError]]:
    def in_credits(tx: Tx, subscriptions: Sequence[int]) -> Mapping[int, int | BillheadError]:
        found = preview(tx, subscriptions)
        return {key: one if isinstance(one, BillheadError) else credits_of(one) for key, one in found.items()}

    return in_credits


def _renewing(term: str) -> Kind:
    """For that term, or "" for the one that each has."""

    def renew(tx: Tx, subscription_id: int) -> tuple[int, str]:
        done = renew_user(tx, subscription_id, term)
        return done.credits_minor, done.paid_through

    def preview(tx: Tx, subscriptions: Sequence[int]) -> Mapping[int, PlannedRenewal | BillheadError]:
        return planned_renewals(tx, subscriptions, term)

    return Kind(_all(preview, lambda planned: planned.bought.amount.minor), renew, takes=True)


def _nothing(_seen: object) -> int:
    return 0


def _do(act: Callable[[Tx, int], object]) -> Callable[[Tx, int], tuple[int, str]]:
    def free(tx: Tx, subscription_id: int) -> tuple[int, str]:
        act(tx, subscription_id)
        return 0, ""

    return free


KINDS = {
    "renew": _renewing(""),
    "disable": Kind(_all(preview_disable_users, _nothing), _do(disable_user)),
    "enable": Kind(_all(preview_enable_users, _nothing), _do(enable_user)),
    "end": Kind(
        _all(planned_ends, lambda seen: seen.returned_minor),
        lambda tx, key: (terminate_user(tx, key).returned_minor, ""),
    ),
}


def kind_of(name: str, term: str = "") -> Kind:
    """`term`: for how long is renewed, where it is not what each has. Raises InvalidInput."""
    if name not in KINDS:
        raise InvalidInput("kind", f"{name!r} is not one of {', '.join(KINDS)}")
    if not term:
        return KINDS[name]
    if name != "renew":
        raise InvalidInput("term", "is for renewals only")
    return _renewing(str(Term.parse(term)))
