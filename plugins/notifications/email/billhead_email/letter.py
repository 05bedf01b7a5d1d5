"""From a Message to the bytes of a mail: both alternatives, a message id made of the key, no way to add a header."""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import formatdate, getaddresses
from hashlib import sha256

from billhead.plugin import Message, NoticeNotSent, NoticeRejected
from billhead_email.settings import EmailSettings

__all__ = ["Letter", "letter_of"]


class _OnOneLine(UnstructuredHeader, BaseHeader):
    """An address longer than a line would be written as encoded words, which no mail program follows."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _OnOneLine)
# Seven bits, so that every server takes it as it is, and what was signed on the way stays valid.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail, ready to go: its envelope and its bytes with CRLF. `name` is the message id without its domain."""

    name: str
    sender: str
    recipient: str
    data: bytes

    @property
    def domain(self) -> str:
        """The sender's domain, under which we greet and number."""
        return self.sender.rpartition("@")[2]


def letter_of(message: Message, settings: EmailSettings) -> Letter:
    """Raises NoticeRejected for an address that can't be one, NoticeNotSent while no sender is set."""
    sender_text = message.sender if "@" in message.sender else settings.sender
    if not sender_text:
        raise NoticeNotSent(
            "there is no sender address for this mail",
            hint="give the seller one (mail from), or set one in the settings of the plugin email",
        )
    sender = _address("sender", sender_text)
    recipient = _address("recipient", message.recipient)
    name = _name(message.key)
    mail = EmailMessage(_POLICY)
    mail["From"] = sender
    mail["To"] = recipient
    if message.reply_to:
        mail["Reply-To"] = _address("address for answers", message.reply_to)
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{name}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes in return
    if message.unsubscribe_url:  # RFC 8058: the reader's program asks, and one POST is all
        mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    elif settings.unsubscribe:
        mail["List-Unsubscribe"] = f"<{settings.unsubscribe}>"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
        _add_pictures(mail, message)
    for one in message.attachments:
        if one.inline:
            continue
        main, _, sub = one.media_type.partition("/")
        mail.add_attachment(one.data, maintype=main, subtype=sub, filename=one.name)
    return Letter(name, sender.addr_spec, recipient.addr_spec, mail.as_bytes())


def _add_pictures(mail: EmailMessage, message: Message) -> None:
    """Beside the HTML that shows them, so that the reader's program fetches nothing from anywhere."""
    html = mail.get_body(("html",))
    for one in message.attachments:
        if one.inline and isinstance(html, EmailMessage):
            main, _, sub = one.media_type.partition("/")
            html.add_related(one.data, maintype=main, subtype=sub, cid=f"<{one.inline}>", disposition="inline")


def _name(key: str) -> str:
    """The key, readable as far as a message id allows, and its digest, so that two keys never share an id."""
    readable = re.sub(r"[^A-Za-z0-9]+", ".", key).strip(".")[:48]
    return f"{readable}.{sha256(key.encode()).hexdigest()[:16]}"


def _address(what: str, text: str) -> Address:
    """One address with or without a name; the domain may be written in any script."""
    if not text.isprintable():
        raise NoticeRejected(f"the {what} {text!r} holds a line break or another control character")
    try:
        ((name, address),) = getaddresses([text])  # one, and one alone
        local, _, domain = address.rpartition("@")
        parsed = Address(name, addr_spec=f"{local}@{domain.encode('idna').decode('ascii')}")
    except (ValueError, IndexError, MessageError) as error:
        raise NoticeRejected(f"the {what} {text!r} is not an e-mail address") from error
    if not parsed.username or not parsed.domain:
        raise NoticeRejected(f"the {what} {text!r} is not an e-mail address")
    return parsed
