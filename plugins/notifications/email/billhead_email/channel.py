"""The channel: a message becomes a letter, and the letter goes to the server or into a folder."""

import os
from pathlib import Path

from billhead.plugin import ChannelConnection, Message, NoticeNotSent, NotificationChannel, marked
from billhead_email.letter import Letter, letter_of
from billhead_email.settings import EmailSettings
from billhead_email.submission import knock, submit

__all__ = ["EmailChannel"]


class EmailChannel(NotificationChannel):
    """E-mail over SMTP."""

    code = "email"
    label = marked("E-mail")
    settings_type = EmailSettings

    def send(self, channel: ChannelConnection, message: Message) -> str:
        settings: EmailSettings = channel.settings
        letter = letter_of(message, settings)
        if settings.spool:
            return _write(letter, Path(settings.spool))
        return submit(letter, settings)

    def check(self, channel: ChannelConnection) -> str:
        settings: EmailSettings = channel.settings
        if not settings.spool:
            return knock(settings)
        folder = Path(settings.spool)
        if folder.exists() and not os.access(folder, os.W_OK):
            raise NoticeNotSent(
                f"the folder {folder} can't be written", hint="correct the folder in the settings of email"
            )
        return f"mails are written to {folder}, and go to nobody"


def _write(letter: Letter, folder: Path) -> str:
    """One file per message id: whole or not there, and the same message never twice."""
    file = folder / f"{letter.name}.eml"
    unfinished = file.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(letter.data)
        os.replace(unfinished, file)
        return f"written to {file}"
    except OSError as error:
        raise NoticeNotSent(
            f"the folder {folder} can't be written: {error.strerror or error}",
            hint="correct the folder in the settings of the plugin email",
        ) from error
