"""Take a file of subscribers; nothing is imported yet."""

from dataclasses import dataclass

from billhead import clock
from billhead.actions.importing._sent_file import as_utf8
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.imports import SubscriberImport
from billhead.models.sellers import Seller
from billhead.plugin_host import plugins, vault

__all__ = ["FileSent", "send_file"]


@dataclass(frozen=True, slots=True)
class FileSent:
    subscriber_import_id: int


@verb("importing.send_file", permission="subscriptions.write")
def send_file(tx: Tx, seller_id: int, name: str, data: bytes, *, encoding: str = "utf-8", cards: str = "") -> FileSent:
    """`cards` as in `import_subscribers`. Raises NotFound, or InvalidInput for a file that can't be read."""
    if tx.session.get(Seller, seller_id) is None:
        raise NotFound("seller", seller_id)
    if cards and cards not in {gateway.code for _, gateway in plugins().offers("payment_gateways")}:
        raise InvalidInput("cards", f"there is no gateway {cards!r}")
    text, found = as_utf8(data, encoding)
    row = SubscriberImport(
        seller_id=seller_id,
        name=name[:200],
        encoding=found,
        sealed=vault().seal(text),
        cards=cards,
        lines=text.count(b"\n") or text.count(b"\r"),  # any line ends; the last one may be left out
        asked_by=tx.ctx.actor,
        created_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    return FileSent(row.id)
