"""The picture in the head of a seller's documents, old ones included: it is look, not content."""

import json

import typst

from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.files import PICTURES, points_of
from billhead.models.sellers import Seller, SellerLogo

__all__ = ["set_logo"]

_LARGEST = 512 * 1024
_MOST_POINTS = 16_000_000  # each takes four bytes once it is unpacked, however small the file
_PAGE = b"#image(bytes(json(bytes(sys.inputs.logo))), width: 40mm)"


@verb("sellers.set_logo", permission="sellers.write")
def set_logo(tx: Tx, seller_id: int, data: bytes) -> None:
    """A PNG or JPEG picture; no bytes take it away. Raises InvalidInput for what can't be set on paper."""
    if tx.session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    old = tx.session.get(SellerLogo, seller_id)
    if not data:
        if old is not None:
            tx.session.delete(old)
        return
    kind = _kind(data)
    row = old or SellerLogo(seller_id=seller_id)
    row.format, row.data = kind, data
    tx.session.add(row)


def _kind(data: bytes) -> str:
    if len(data) > _LARGEST:
        raise InvalidInput("logo", f"it is larger than {_LARGEST // 1024} KB", hint="make it 1000 pixels wide or less")
    kind = next((kind for begin, kind in PICTURES.items() if data.startswith(begin)), "")
    if not kind:
        raise InvalidInput("logo", "it is no picture that documents can show", hint="use PNG or JPEG")
    if not 0 < points_of(data) <= _MOST_POINTS:
        raise InvalidInput("logo", "it has more than 16 million points", hint="make it 1000 pixels wide or less")
    try:
        typst.compile(_PAGE, ignore_system_fonts=True, sys_inputs={"logo": json.dumps(list(data))})
    except typst.TypstError as error:
        raise InvalidInput("logo", "the picture is damaged", hint="save it anew as PNG") from error
    return kind
