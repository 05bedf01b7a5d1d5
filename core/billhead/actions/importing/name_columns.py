"""Say which column of a file is what, where it is called otherwise there."""

from collections.abc import Mapping

from billhead.actions.importing._open_import import open_import
from billhead.actions.importing._sent_file import data_of
from billhead.actions.importing.subscriber_rows import COLUMNS, Heading
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.imports import SubscriberImport

__all__ = ["name_columns"]


@verb("importing.name_columns", permission="subscriptions.write")
def name_columns(tx: Tx, import_id: int, names: Mapping[str, str]) -> None:
    """`names`: a column of the file → ours, or "" to leave it out. Raises NotFound, InvalidInput, or Conflict for one
    that goes on."""
    row = open_import(tx, SubscriberImport, import_id)
    columns = Heading.of_file(data_of(row)).columns
    for column, ours in names.items():
        if column not in columns:
            raise InvalidInput("columns", f"the file has no column {column!r}")
        if ours and ours not in COLUMNS:
            raise InvalidInput("columns", f"{ours!r} is none that is known here")
    row.columns = {column: ours for column, ours in names.items() if ours != column}
    note(tx, f"subscriber_import:{import_id}", columns=row.columns)
