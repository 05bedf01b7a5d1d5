"""What a reseller does to many users at once: what one of them takes or brings back, and how it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from billhead.actions.resellers.disable_user import disable_user, preview_disable_user
from billhead.actions.resellers.enable_user import enable_user, preview_enable_user
from billhead.actions.resellers.renew_user import preview_renew_user, renew_user
from billhead.actions.resellers.terminate_user import preview_terminate_user, terminate_user
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.periods import Term

__all__ = ["KINDS", "Kind", "kind_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`preview` returns credits, in hundredths; `act` those and until when it is paid then (ISO, or ""). They are what
    it `takes`, or else what comes back."""

    preview: Callable[[Tx, int], int]
    act: Callable[[Tx, int], tuple[int, str]]
    takes: bool = False


def _renewing(term: str) -> Kind:
    """For that term, or "" for the one that each has."""

    def renew(tx: Tx, subscription_id: int) -> tuple[int, str]:
        done = renew_user(tx, subscription_id, term)
        return done.credits_minor, done.paid_through

    return Kind(lambda tx, key: preview_renew_user(tx, key, term).credits_minor, renew, takes=True)


def _look(preview: Callable[[Tx, int], object]) -> Callable[[Tx, int], int]:
    def free(tx: Tx, subscription_id: int) -> int:
        preview(tx, subscription_id)
        return 0

    return free


def _do(act: Callable[[Tx, int], object]) -> Callable[[Tx, int], tuple[int, str]]:
    def free(tx: Tx, subscription_id: int) -> tuple[int, str]:
        act(tx, subscription_id)
        return 0, ""

    return free


KINDS = {
    "renew": _renewing(""),
    "disable": Kind(_look(preview_disable_user), _do(disable_user)),
    "enable": Kind(_look(preview_enable_user), _do(enable_user)),
    "end": Kind(
        lambda tx, key: preview_terminate_user(tx, key).returned_minor,
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
