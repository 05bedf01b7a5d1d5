"""Back from the provider: what was brought is proved, and opens the login that it stands for.

It gives nobody a right: there must be a login of that verified address, or one that was linked before. A second step
that is set up here is asked for all the same; but what a stranger may have set up, who signed up with that address
before its owner came, opens nothing any more.
"""

import json
from dataclasses import dataclass, field

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.accounts._entering import (
    AtHomeElsewhere,
    HalfSignedIn,
    SignedIn,
    come_in,
    elsewhere,
    refuse_disabled,
)
from billhead.actions.accounts._put_email import EMAIL_PUT
from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tokens import Browser, hash_of
from billhead.actions.accounts._tries import count_try
from billhead.actions.accounts._ways_in import forget_ways_in
from billhead.actions.exchange import exchange
from billhead.actions.sign_in._oidc import Issued, Proven, exchange_code, refused
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context, Role
from billhead.models.operations import AuditEntry
from billhead.models.people import User
from billhead.models.sign_in import (
    LinkedIdentity,
    SignInProvider,
    SignInTrip,
)
from billhead.plugin_host import vault

__all__ = ["finish_sso"]

_TRIES_PER_ADDRESS = 60


@dataclass(frozen=True, slots=True)
class _Claim:
    provider: Issued
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def finish_sso(
    ctx: Context, seller_id: int, state: str, code: str, redirect_uri: str, browser: Browser
) -> SignedIn | HalfSignedIn | AtHomeElsewhere:
    """`state` is what the browser held, once it was compared with what came. Raises PanelUnreachable, or
    NotAllowed with the same words whatever is wrong, but for `login_disabled`: that has what staff say of it."""

    def intend(tx: Tx) -> _Claim | None:
        count_try(tx, f"sso:{browser.ip}", _TRIES_PER_ADDRESS)
        row = tx.session.get(SignInProvider, seller_id)
        trip = tx.session.get(SignInTrip, hash_of(state), with_for_update=True)
        if trip is None:
            return None
        tx.session.delete(trip)  # whatever comes of it: nothing is taken twice
        if row is None or not row.enabled or trip.seller_id != seller_id or trip.expires_at <= clock.now():
            return None
        nonce, verifier = json.loads(vault().decrypt(trip.sealed))
        provider = Issued(row.issuer, row.client_id, vault().decrypt(row.client_secret), row.known)
        return _Claim(provider, nonce, verifier)

    def call(claim: _Claim) -> Proven:
        return exchange_code(claim.provider, code, redirect_uri, claim.nonce, claim.verifier)

    def record(tx: Tx, claim: _Claim, proven: Proven) -> SignedIn | HalfSignedIn | AtHomeElsewhere:
        row = tx.session.get_one(SignInProvider, seller_id, with_for_update=True)
        if proven.known != row.known:
            row.known, row.known_at = dict(proven.known), clock.now()
        user = _login(tx, row, claim.provider.issuer, proven, browser)
        return come_in(tx, user, seller_id, browser, "single sign-on")

    signed_in = exchange(ctx, intend=intend, call=call, record=record)
    if signed_in is None:
        raise refused("state")
    return signed_in


def _login(tx: Tx, row: SignInProvider, issuer: str, proven: Proven, browser: Browser) -> User:
    session = tx.session
    same = (
        LinkedIdentity.seller_id == row.seller_id,
        LinkedIdentity.issuer == issuer,
        LinkedIdentity.subject == proven.subject,
    )
    linked = session.scalar(select(LinkedIdentity).where(*same))
    if linked is not None:
        user = session.get(User, linked.user_id)
    else:
        mine = User.seller_id == row.seller_id, User.email == proven.email
        user = session.scalar(select(User).where(*mine).with_for_update()) if proven.email else None
    roles = {Role.STAFF.value} | ({Role.CUSTOMER.value} if row.for_customers else set())
    if user is None or user.role not in roles or (user.disabled and not user.disabled_because):
        raise refused("no_login")
    if linked is None:
        taken = select(LinkedIdentity.id).where(LinkedIdentity.user_id == user.id, LinkedIdentity.issuer == issuer)
        if session.scalar(taken) is not None:  # somebody else at the provider has that address now
            raise refused("linked_to_another")
    refuse_disabled(user)  # as with a password: in the words of staff, to who has proved that it is theirs
    if linked is None and elsewhere(tx, user, row.seller_id) is None:  # here it would open nothing
        claimed = user.role == Role.CUSTOMER.value and not _address_proved(tx, user)
        if claimed:
            forget_ways_in(tx, user)
        session.add(
            LinkedIdentity(
                seller_id=row.seller_id, user_id=user.id, issuer=issuer, subject=proven.subject, linked_at=clock.now()
            )
        )
        audit(tx, "accounts.linked", f"user:{user.id}", {"issuer": issuer, "ways_in_forgotten": claimed})
        tell_change(tx, user, "sso_claimed" if claimed else "sso_linked", browser)
    return user


def _address_proved(tx: Tx, user: User) -> bool:
    """Whether who reads the mail of this address was in before: by a mailed link, or from a provider. Who signs up only
    says that it is theirs, and what was proved of an earlier address says nothing of this one. Where the trail is
    forgotten, it was not."""
    mine = AuditEntry.subject == f"user:{user.id}"
    put = select(func.max(AuditEntry.id)).where(mine, AuditEntry.action == EMAIL_PUT).scalar_subquery()
    trail = select(AuditEntry.action, AuditEntry.details).where(
        mine, AuditEntry.action.in_(("accounts.set_password", "accounts.linked")), AuditEntry.id > func.coalesce(put, 0)
    )
    return any(
        action == "accounts.linked" or details.get("by") == "ByLink" for action, details in tx.session.execute(trail)
    )
