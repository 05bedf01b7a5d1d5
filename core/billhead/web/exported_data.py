"""The file of a copy of somebody's data, for themselves and for staff."""

from flask import Response, stream_with_context
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.privacy._parts import parts_of
from billhead.domain.errors import NotFound
from billhead.models.privacy import DataExport

__all__ = ["exported_file", "is_ready", "open_export"]


def is_ready(row: DataExport) -> bool:
    return row.state == "done" and row.ends_at is not None and row.ends_at > clock.now()


def open_export(session: Session, export_id: int) -> DataExport:
    """Raises NotFound for one that is not ready, or has ended."""
    row = session.get(DataExport, export_id)
    if row is None or not is_ready(row):
        raise NotFound("copy of data", export_id)
    return row


def exported_file(row: DataExport) -> Response:
    response = Response(stream_with_context(parts_of(row.id)), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="your-data-{row.asked_at:%Y-%m-%d}.zip"'
    response.headers["Content-Length"] = str(row.size)
    response.headers["Cache-Control"] = "no-store"
    return response
