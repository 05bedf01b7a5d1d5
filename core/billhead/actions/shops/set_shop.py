"""What a shop is called, whose it is by law, and who its mail is from. It holds for documents and mail to come."""

from dataclasses import fields

from billhead.actions.accounts._passwords import checked_email
from billhead.actions.sellers.set_invoicing import SellerInvoicing, set_invoicing
from billhead.actions.shops._entry import ShopEntry
from billhead.actions.shops._own import as_operator, lock_shop
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput

__all__ = ["set_shop"]

_LONGEST = 140


@verb("shops.set")
def set_shop(tx: Tx, reseller_id: int, entry: ShopEntry) -> None:
    """Raises NotFound, NotAllowed, or InvalidInput naming the field."""
    own = lock_shop(tx, reseller_id)
    told = {field.name: " ".join(getattr(entry, field.name).split()) for field in fields(entry)}
    for name, value in told.items():
        if len(value) > _LONGEST or not value.isprintable():
            raise InvalidInput(name, f"is longer than {_LONGEST} letters, or holds signs that can't be printed")
    if not told["name"]:
        raise InvalidInput("name", "write what your customers know you by")
    mail = checked_email(told["mail_from"])
    seller = own.seller
    note(tx, f"seller:{seller.id}", before={"name": seller.name, "mail_from": seller.mail_from})
    kept = {name: value for name, value in seller.invoicing.items() if name in SellerInvoicing.__slots__}
    changed = {name: told[name] for name in told if name in SellerInvoicing.__slots__}
    set_invoicing(as_operator(tx, "sellers.write"), seller.id, SellerInvoicing(**{**kept, **changed}))
    seller.name, seller.mail_from = told["name"], mail
    seller.address = {**seller.address, "email": mail}
