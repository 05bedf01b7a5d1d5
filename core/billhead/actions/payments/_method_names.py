"""By what a saved method is found again when its provider tells of it: keyed digests of the names it has there."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.payments import PaymentMethod
from billhead.plugin import SavedMethod
from billhead.plugin_host import plugins, vault

__all__ = ["methods_named", "name_method"]


def name_method(method: PaymentMethod, gateway: str, saved: SavedMethod) -> None:
    """Note the names that the gateway of that code has for it; none while its plugin is switched off."""
    try:
        names = plugins().gateway(gateway).names_of(saved)
    except NotFound:
        return
    marks = [vault().digests(name)[0] if name else "" for name in [*names, "", ""][:2]]
    method.name_mark, method.owner_mark = marks


def methods_named(tx: Tx, account_id: int, name: str) -> Sequence[PaymentMethod]:
    """The methods that can be charged which a provider calls that, or whose owner it calls so; locked."""
    marks = vault().digests(name)
    called = or_(PaymentMethod.name_mark.in_(marks), PaymentMethod.owner_mark.in_(marks))
    mine = PaymentMethod.account_id == account_id, PaymentMethod.token != ""
    found = select(PaymentMethod).where(*mine, called).order_by(PaymentMethod.id).with_for_update()
    return tx.session.scalars(found).all()
