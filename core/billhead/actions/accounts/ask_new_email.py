"""Somebody wants to sign in by another e-mail address: a link goes there, and word of it to the present one."""

from datetime import timedelta

from billhead.actions.accounts._known_address import check_free
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tokens import NEW_EMAIL, hash_of, new_link
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.notifications.queue_to_login import queue_to_login
from billhead.actions.sign_in._second_step import acting_user
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.plugin_host import vault

__all__ = ["ask_new_email"]

_LASTS = timedelta(hours=24)
_TRIES = 5


def ask_new_email(ctx: Context, email: str) -> None:
    """Nothing changes until the link is used (`confirm_new_email`); one that was asked for before ends. Ask for the
    password first. Raises InvalidInput (`email`), or NotAllowed for who acts for somebody else.

    Five in a quarter of an hour, counted before they are looked at: nobody fills strangers' mailboxes from here, nor
    finds out who has a login. Then NotAllowed (`locked_out`).
    """
    email = checked_email(email)

    def intend(tx: Tx) -> int:
        user = acting_user(tx)
        if email == user.email:
            raise InvalidInput("email", "this is your address already")
        return count_try(tx, f"new_email:{user.id}", _TRIES)

    exchange(ctx, intend=intend, call=lambda _try: None, record=lambda tx, _try, _: _ask(tx, email))


@verb("accounts.ask_new_email")
def _ask(tx: Tx, email: str) -> None:
    user = acting_user(tx)
    check_free(tx.session, user.seller_id, email)
    token = new_link(tx, user.id, NEW_EMAIL, _LASTS, email)
    data = {"sealed_token": vault().encrypt(token)}
    queue_to_login(tx, user, "confirm_email", f"confirm_email:{hash_of(token)[:16]}", data, recipient=email)
    tell_change(tx, user, "email_asked")
    note(tx, f"user:{user.id}", email=email)
