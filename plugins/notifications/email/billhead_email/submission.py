"""Handing a letter to a server, with the one distinction that counts: was it surely not taken, or perhaps?

before the server has asked for the data   nothing was taken: a passing no (4xx) or a lost connection is NoticeNotSent,
                                           a final no (5xx) to sender, recipient or data is NoticeRejected
after it has, until its answer             a lost connection is OutcomeUnknown: it may have been taken
its answer                                 taken, or one of the two noes

A server that refuses our login or encryption says nothing about the letter: that is NoticeNotSent, whatever its code.
"""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from billhead.plugin import NoticeNotSent, NoticeRejected, OutcomeUnknown
from billhead_email.letter import Letter
from billhead_email.session import BriefSMTP, BriefSMTPOverTLS
from billhead_email.settings import EmailSettings

__all__ = ["knock", "submit"]

_GO_AHEAD = 354


def knock(settings: EmailSettings) -> str:
    """Connect, encrypt and sign in, and leave again without a letter. Raises NoticeNotSent."""
    with _session(settings, "localhost") as smtp, suppress(OSError):
        smtp.quit()
    signed_in = f", signed in as {settings.login}" if settings.login else ""
    return f"{settings.host}:{settings.port} answers{signed_in}"


def submit(letter: Letter, settings: EmailSettings) -> str:
    """Send it once. Returns the server's answer when it has taken it; raises as this module tells."""
    with _session(settings, letter.domain) as smtp:
        try:
            _accepted("sender", smtp.mail(letter.sender))
            _accepted("recipient", smtp.rcpt(letter.recipient))
            answer = smtp.docmd("DATA")
        except OSError as lost:
            raise NoticeNotSent(f"{settings.host} hung up before it took the mail: {_reason(lost)}") from lost
        if answer[0] != _GO_AHEAD:
            _accepted("mail", answer)
            raise NoticeNotSent(f"{settings.host} answered DATA with {answer[0]} instead of {_GO_AHEAD}")
        return _hand_over(smtp, letter, settings)


def _hand_over(smtp: smtplib.SMTP, letter: Letter, settings: EmailSettings) -> str:
    stuffed = re.sub(rb"(?m)^\.", b"..", letter.data)  # RFC 5321, 4.5.2
    try:
        smtp.send(stuffed + b".\r\n")
        answer = smtp.getreply()
    except OSError as lost:
        raise OutcomeUnknown(
            f"{settings.host} hung up while it took the mail: it may have been sent ({_reason(lost)})",
            hint=f"look for the message id {letter.name}@{letter.domain} in the log of the server",
        ) from lost
    _accepted("mail", answer, otherwise=OutcomeUnknown)
    with suppress(OSError):  # taken is taken
        smtp.quit()
    return f"{settings.host} answered: {_said(answer)}"


def _said(answer: tuple[int, bytes]) -> str:
    return f"{answer[0]} {answer[1].decode('utf-8', 'replace')}".strip()


def _accepted(
    what: str, answer: tuple[int, bytes], *, otherwise: type[NoticeNotSent | OutcomeUnknown] = NoticeNotSent
) -> None:
    code, _ = answer
    if 200 <= code < 300:
        return
    said = _said(answer)
    if 400 <= code < 500:
        raise NoticeNotSent(f"the server refuses the {what} for now: {said}")
    if 500 <= code < 600:
        raise NoticeRejected(f"the server refuses the {what}: {said}")
    raise otherwise(f"the server answered the {what} with something that is no answer: {said}")


@contextmanager
def _session(settings: EmailSettings, greeting: str) -> Iterator[smtplib.SMTP]:
    """Connected, encrypted and signed in; closed at the end, however that comes."""
    try:
        smtp = _connected(settings, greeting)
    except OSError as error:
        raise NoticeNotSent(f"no connection to {settings.host}:{settings.port}: {_reason(error)}") from error
    try:
        try:
            if settings.security == "starttls":
                smtp.starttls(context=_tls(settings))
            smtp.ehlo_or_helo_if_needed()
            if settings.login:
                smtp.login(settings.login, settings.password)
        except OSError as error:
            raise NoticeNotSent(
                f"{settings.host} does not let us in: {_reason(error)}", hint="check encryption, login and password"
            ) from error
        yield smtp
    finally:
        smtp.close()


def _connected(settings: EmailSettings, greeting: str) -> smtplib.SMTP:
    # Greeting under the sender's domain spares a look-up of this machine's name, which may take as long as it likes.
    host, port, seconds = settings.host, settings.port, settings.timeout_seconds
    if settings.security == "tls":
        return BriefSMTPOverTLS(host, port, greeting, timeout=seconds, context=_tls(settings))
    return BriefSMTP(host, port, greeting, timeout=seconds)


def _tls(settings: EmailSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file or None)


def _reason(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return str(error) or type(error).__name__
