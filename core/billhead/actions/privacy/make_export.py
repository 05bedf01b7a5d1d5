"""Make the copy that was asked for, and say that it is there. Begun again from the start when its worker dies."""

from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import delete

from billhead import clock
from billhead.actions.notifications.queue import queue_notice
from billhead.actions.privacy._copy import write_copy
from billhead.actions.privacy._standing import privacy_rules
from billhead.db import Tx, writing
from billhead.domain.context import Context
from billhead.models.people import Customer
from billhead.models.privacy import DataExport, DataExportPart
from billhead.plugin_host import vault

__all__ = ["make_export"]

_PART = 512 * 1024


def make_export(ctx: Context, export_id: int) -> None:
    with writing(ctx) as tx:
        row = tx.session.get(DataExport, export_id, with_for_update=True)
        if row is None or row.state not in ("queued", "running", "failed"):
            return
        row.state = "running"
        tx.session.execute(delete(DataExportPart).where(DataExportPart.export_id == export_id))
        customer_id = row.customer_id

    def tell(said: str, done: int, of: int) -> None:
        with writing(ctx) as tx:
            tx.session.get_one(DataExport, export_id).progress = {"said": said, "done": done, "of": of}

    try:
        with TemporaryFile() as file:  # without a name: nobody else reads it, and it is gone with the process
            with ZipFile(file, "w", ZIP_DEFLATED) as archive:
                write_copy(archive, customer_id, tell)
            size = _keep(ctx, export_id, file)
    except Exception as error:
        with writing(ctx) as tx:
            row = tx.session.get_one(DataExport, export_id)
            row.state, row.error, row.finished_at = "failed", str(error)[:500], clock.now()
        raise
    with writing(ctx) as tx:
        _done(tx, export_id, size)


def _keep(ctx: Context, export_id: int, file: IO[Any]) -> int:
    file.seek(0)
    position = size = 0
    while data := file.read(_PART):
        with writing(ctx) as tx:
            tx.session.add(DataExportPart(export_id=export_id, position=position, sealed=vault().seal(data)))
        position, size = position + 1, size + len(data)
    return size


def _done(tx: Tx, export_id: int, size: int) -> None:
    row = tx.session.get_one(DataExport, export_id, with_for_update=True)
    rules = privacy_rules(tx.session, tx.session.get_one(Customer, row.customer_id).seller_id)
    row.state, row.size, row.finished_at = "done", size, clock.now()
    row.progress, row.ends_at = {}, clock.now() + timedelta(days=rules.export_days)
    queue_notice(tx, row.customer_id, "export_ready", f"export_ready:{row.id}", {"export_id": row.id})
