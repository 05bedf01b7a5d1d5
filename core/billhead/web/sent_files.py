"""Files of a form: read no further than a byte over the limit; nothing of them stays in a temporary file."""

from typing import Any

from flask import request
from flask_wtf.file import MultipleFileField

from billhead.actions.support._files import SentFile
from billhead.actions.support._rules import LARGEST_FILE, MOST_FILES
from billhead.domain.files import KINDS
from billhead.web.speaking import later

__all__ = ["files_field", "sent_files"]


def files_field() -> Any:
    return MultipleFileField(
        later("Files"),
        description=later(
            "Up to %(most)s files of %(size)s MB: %(kinds)s.",
            most=MOST_FILES,
            size=LARGEST_FILE // 1024**2,
            kinds=", ".join(sorted(KINDS)),
        ),
        render_kw={"accept": ",".join(f".{ending}" for ending in sorted(KINDS))},
    )


def sent_files(name: str = "files") -> list[SentFile]:
    sent = []
    for one in request.files.getlist(name)[: MOST_FILES + 1]:
        if one.filename:
            sent.append(SentFile(one.filename[:200], one.read(LARGEST_FILE + 1)))
        one.close()
    return sent
