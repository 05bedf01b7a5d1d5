"""What a shop says of itself, as it is entered."""

from dataclasses import dataclass

from billhead.models.sellers import Seller

__all__ = ["ShopEntry", "entry_of"]


@dataclass(frozen=True, slots=True)
class ShopEntry:
    """`name` stands on pages and as the sender of mail, `legal_name` on documents."""

    name: str
    legal_name: str
    mail_from: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    vat_id: str = ""
    tax_number: str = ""
    phone: str = ""


def entry_of(seller: Seller) -> ShopEntry:
    """As it stands now."""
    place = {name: str(seller.address.get(name, "")) for name in ("street", "postcode", "city")}
    told = {name: str(seller.invoicing.get(name, "")) for name in ("tax_number", "phone")}
    return ShopEntry(seller.name, seller.legal_name, seller.mail_from, vat_id=seller.vat_id, **place, **told)
