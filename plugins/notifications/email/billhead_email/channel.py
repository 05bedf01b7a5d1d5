"""The channel: a message becomes a letter, and the letter goes to the server or into a folder."""

import os
from pathlib import Path

from billhead.plugin import ChannelConnection, Message, NoticeNotSent, NotificationChannel
from billhead_email.letter import Letter, letter_of
from billhead_email.settings import EmailSettings
from billhead_email.submission import submit

__all__ = ["EmailChannel"]


class EmailChannel(NotificationChannel):
    """E-mail over SMTP."""

    code = "email"
    label = "E-mail"
    settings_type = EmailSettings

    def send(self, channel: ChannelConnection, message: Message) -> None:
        settings: EmailSettings = channel.settings
        letter = letter_of(message, settings)
        if settings.spool:
            _write(letter, Path(settings.spool))
        else:
            submit(letter, settings)


def _write(letter: Letter, folder: Path) -> None:
    """One file per message id: whole or not there, and the same message never twice."""
    file = folder / f"{letter.name}.eml"
    unfinished = file.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(letter.data)
        os.replace(unfinished, file)
    except OSError as error:
        raise NoticeNotSent(
            f"the folder {folder} can't be written: {error.strerror or error}",
            hint="correct spool in the settings of the plugin email",
        ) from error
