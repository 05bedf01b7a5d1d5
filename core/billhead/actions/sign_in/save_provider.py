"""Where a seller's people sign in by OpenID Connect."""

from dataclasses import dataclass, field

from sqlalchemy import delete

from billhead.actions.sign_in._oidc import check_issuer
from billhead.actions.staff._standing import ALL
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.sellers import Seller
from billhead.models.sign_in import LinkedIdentity, SignInProvider
from billhead.plugin_host import vault

__all__ = ["ProviderWish", "save_provider"]


@dataclass(frozen=True, slots=True)
class ProviderWish:
    """`client_secret`: "" keeps the one that is stored, for the same issuer and client."""

    label: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    enabled: bool
    for_customers: bool


@verb("sign_in.save_provider", permission="staff.write")
def save_provider(tx: Tx, seller_id: int, wish: ProviderWish) -> None:
    """What it publishes is asked for at the next sign-in. Another issuer knows nobody yet: links to the old one end.

    It says who comes in as whom, an owner who is yet to be invited too: only owners name it. Raises NotAllowed."""
    if not tx.ctx.may(ALL):
        raise NotAllowed(
            "Who names the provider decides who comes in as whom: only an owner does.", hint="ask an owner of the house"
        )
    if tx.session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    issuer = check_issuer(wish.issuer.strip())
    if not wish.client_id.strip() or not wish.label.strip():
        raise InvalidInput("client_id" if wish.label.strip() else "label", "is needed")
    row = tx.session.get(SignInProvider, seller_id, with_for_update=True) or SignInProvider(seller_id=seller_id)
    client_id = wish.client_id.strip()
    if not wish.client_secret and (row.issuer, row.client_id) != (issuer, client_id):
        # the stored one goes to nobody for whom it was not made
        raise InvalidInput("client_secret", "is needed for another issuer or client id")
    if row.issuer not in (None, issuer):
        tx.session.execute(delete(LinkedIdentity).where(LinkedIdentity.seller_id == seller_id))
    row.label, row.issuer, row.client_id = wish.label.strip(), issuer, client_id
    if wish.client_secret:
        row.client_secret = vault().encrypt(wish.client_secret)
    row.enabled, row.for_customers, row.known, row.known_at = wish.enabled, wish.for_customers, {}, None
    tx.session.add(row)
    note(tx, f"seller:{seller_id}", issuer=issuer, enabled=wish.enabled, for_customers=wish.for_customers)
