"""What a seller's documents say about it. It holds for documents to come; issued ones keep what they have."""

from dataclasses import asdict, dataclass, replace

from billhead.actions.documents._formats import FORMATS
from billhead.actions.sellers._invoicing import checked_accent, checked_bic, checked_endpoint, checked_iban
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.sellers import Seller

__all__ = ["SellerInvoicing", "set_invoicing"]

_COLUMNS = ("legal_name", "vat_id", "street", "postcode", "city")
_FOOTER_LINES = 3


@dataclass(frozen=True, slots=True)
class SellerInvoicing:
    """`einvoice`: the format that customers are offered, "" for none. `attach`: the PDF goes with the mail."""

    legal_name: str
    vat_id: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    tax_number: str = ""
    registration: str = ""
    contact: str = ""
    phone: str = ""
    account_holder: str = ""
    iban: str = ""
    bic: str = ""
    bank: str = ""
    legal_footer: str = ""
    accent: str = ""
    endpoint: str = ""
    endpoint_scheme: str = ""
    einvoice: str = ""
    attach: bool = False


@verb("sellers.set_invoicing", permission="sellers.write")
def set_invoicing(tx: Tx, seller_id: int, told: SellerInvoicing) -> None:
    """Raises InvalidInput naming the value that can't be used."""
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    checked = _checked(told)
    seller.legal_name, seller.vat_id = checked.legal_name, checked.vat_id
    place = {"street": checked.street, "postcode": checked.postcode, "city": checked.city}
    seller.address = {**seller.address, **place}
    seller.invoicing = {name: value for name, value in asdict(checked).items() if value and name not in _COLUMNS}


def _checked(told: SellerInvoicing) -> SellerInvoicing:
    if not told.legal_name.strip():
        raise InvalidInput("legal_name", "write the name that the law knows")
    if told.einvoice and told.einvoice not in FORMATS:
        raise InvalidInput("einvoice", f"{told.einvoice!r} is not one of {', '.join(FORMATS)}")
    if len(told.legal_footer.splitlines()) > _FOOTER_LINES:
        raise InvalidInput("legal_footer", f"it has more than {_FOOTER_LINES} lines")
    endpoint, scheme = checked_endpoint(told.endpoint, told.endpoint_scheme)
    return replace(
        told,
        legal_name=told.legal_name.strip(),
        vat_id="".join(told.vat_id.split()).upper(),
        iban=checked_iban(told.iban),
        bic=checked_bic(told.bic),
        accent=checked_accent(told.accent),
        endpoint=endpoint,
        endpoint_scheme=scheme,
    )
