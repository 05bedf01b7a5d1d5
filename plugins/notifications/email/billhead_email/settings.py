"""Which server takes our mail, and how it is spoken to; or the folder that takes it instead."""

from dataclasses import dataclass

from billhead.plugin import InvalidInput, marked, option, secret

__all__ = ["EmailSettings"]

_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class EmailSettings:
    host: str = option("SMTP server", default="", hint="mail.example")
    port: int = option("Port", default=587, minimum=1, maximum=65535, hint="587 with STARTTLS, 465 with TLS")
    security: str = option(
        "Encryption",
        default="starttls",
        choices=("starttls", "tls", marked("none")),
        hint="none only for a server on this machine or in a network of your own",
    )
    login: str = option("Login", default="", hint="empty if the server asks for none")
    password: str = secret("Password", default="")
    ca_file: str = option("Certificate authority", default="", hint="a PEM file, for a server with a private one")
    timeout_seconds: int = option("Timeout in seconds", default=20, minimum=1, maximum=30)
    sender: str = option("Sender where a shop has none", default="", hint="Shop <billing@shop.example>")
    unsubscribe: str = option("List-Unsubscribe", default="", hint="mailto:stop@shop.example or an https address")
    spool: str = option("Write to this folder instead", default="", hint="mails become .eml files; for demo and tests")

    def __post_init__(self) -> None:
        if not self.host and not self.spool:
            raise InvalidInput(
                "host", "SMTP server is required", hint="Enter the server, or the folder to write to instead."
            )
        if self.login and self.security == "none" and self.host not in _LOCAL:
            raise InvalidInput(
                "security", "would send the password in clear over the network", hint="Use starttls or tls."
            )
        for name in ("login", "password"):
            if not getattr(self, name).isascii():
                raise InvalidInput(name, "holds characters that SMTP can't carry", hint="Use plain ASCII characters.")
        if self.unsubscribe and not self.unsubscribe.startswith(("mailto:", "https://")):
            raise InvalidInput("unsubscribe", "must begin with mailto: or https://")
        if not self.unsubscribe.isprintable():
            raise InvalidInput("unsubscribe", "must be one line")
