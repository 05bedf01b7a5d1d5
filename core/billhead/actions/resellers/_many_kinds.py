"""What a reseller does to many users at once: what one of them takes or brings back, and how it is done."""

from collections.abc import Callable
from dataclasses import dataclass

from billhead.actions.resellers.disable_user import disable_user, preview_disable_user
from billhead.actions.resellers.enable_user import enable_user, preview_enable_user
from billhead.actions.resellers.renew_user import preview_renew_user, renew_user
from billhead.actions.resellers.terminate_user import preview_terminate_user, terminate_user
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["KINDS", "Kind", "kind_of"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`preview` returns credits, in hundredths; `act` those and until when it is paid then (ISO, or ""). They are what
    it `takes`, or else what comes back."""

    preview: Callable[[Tx, int], int]
    act: Callable[[Tx, int], tuple[int, str]]
    takes: bool = False


def _renew(tx: Tx, subscription_id: int) -> tuple[int, str]:
    done = renew_user(tx, subscription_id)
    return done.credits_minor, done.paid_through


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
    "renew": Kind(lambda tx, key: preview_renew_user(tx, key).credits_minor, _renew, takes=True),
    "disable": Kind(_look(preview_disable_user), _do(disable_user)),
    "enable": Kind(_look(preview_enable_user), _do(enable_user)),
    "end": Kind(
        lambda tx, key: preview_terminate_user(tx, key).returned_minor,
        lambda tx, key: (terminate_user(tx, key).returned_minor, ""),
    ),
}


def kind_of(name: str) -> Kind:
    """Raises InvalidInput."""
    if name not in KINDS:
        raise InvalidInput("kind", f"{name!r} is not one of {', '.join(KINDS)}")
    return KINDS[name]
