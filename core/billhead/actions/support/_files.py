"""Files that go with a message: kinds, sizes and counts are checked before anything is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from billhead.actions.support._rules import LARGEST_FILE, MOST_BYTES, MOST_FILES
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.files import media_type_of, safe_name
from billhead.models.support import TicketFile

__all__ = ["SentFile", "checked_files", "keep_files"]


@dataclass(frozen=True, slots=True)
class SentFile:
    """As somebody has sent it: the name is theirs."""

    name: str
    data: bytes


def checked_files(sent: Sequence[SentFile]) -> list[TicketFile]:
    """Rows without an owner yet. Raises InvalidInput for `files`."""
    if len(sent) > MOST_FILES:
        raise InvalidInput("files", f"at most {MOST_FILES} at a time", hint="send the rest with another message")
    if sum(len(one.data) for one in sent) > MOST_BYTES:
        raise InvalidInput("files", f"they are larger than {MOST_BYTES // 1024**2} MB together")
    return [_row(one) for one in sent]


def _row(sent: SentFile) -> TicketFile:
    if len(sent.data) > LARGEST_FILE:
        raise InvalidInput("files", f"{sent.name[:80]!r} is larger than {LARGEST_FILE // 1024**2} MB")
    media_type = media_type_of(sent.name, sent.data)
    name = safe_name(sent.name, sent.name.rpartition(".")[2].lower(), "file")
    return TicketFile(file_name=name, media_type=media_type, size=len(sent.data), data=sent.data)


def keep_files(
    tx: Tx, files: Sequence[TicketFile], *, message_id: int | None = None, mail_id: int | None = None
) -> None:
    for row in files:
        row.message_id, row.mail_id = message_id, mail_id
        tx.session.add(row)
    tx.session.flush()
