"""Somebody goes to their provider to sign in: what they must bring back is kept, by a state in their browser."""

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from billhead import clock
from billhead.actions.accounts._tokens import Browser, hash_of
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.sign_in._oidc import Issued, discover, way_there
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.sign_in import SignInProvider, SignInTrip
from billhead.plugin_host import vault

__all__ = ["SsoBegun", "begin_sso"]

_LASTS = timedelta(minutes=10)
_TRIES_PER_ADDRESS = 60
_KNOWN_FOR = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SsoBegun:
    url: str
    state: str = field(repr=False)


def begin_sso(ctx: Context, seller_id: int, redirect_uri: str, browser: Browser) -> SsoBegun:
    """Raises NotFound where the seller has no provider, PanelUnreachable where it does not answer."""

    def intend(tx: Tx) -> Issued:
        count_try(tx, f"to_sso:{browser.ip}", _TRIES_PER_ADDRESS)
        row = tx.session.get(SignInProvider, seller_id)
        if row is None or not row.enabled:
            raise NotFound("sign-in provider of seller", seller_id)
        fresh = row.known_at is not None and row.known_at > clock.now() - _KNOWN_FOR
        return Issued(row.issuer, row.client_id, "", row.known if fresh else {})

    def call(asked: Issued) -> dict[str, Any]:
        return dict(asked.known) or discover(asked.issuer)

    def record(tx: Tx, asked: Issued, known: dict[str, Any]) -> SsoBegun:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        if not asked.known:
            row = tx.session.get_one(SignInProvider, seller_id)
            row.known, row.known_at = known, clock.now()
        tx.session.execute(delete(SignInTrip).where(SignInTrip.expires_at < clock.now()))
        sealed = vault().encrypt(json.dumps([nonce, verifier]))
        tx.session.add(
            SignInTrip(state_hash=hash_of(state), seller_id=seller_id, sealed=sealed, expires_at=clock.now() + _LASTS)
        )
        return SsoBegun(way_there(replace(asked, known=known), redirect_uri, state, nonce, verifier), state)

    begun = exchange(ctx, intend=intend, call=call, record=record)
    assert begun is not None, "intend raises or returns"
    return begun
