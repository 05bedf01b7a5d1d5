"""Which number speaks, and by which approved template in which languages."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["WhatsAppSettings"]

_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_KIND = re.compile(r"[a-z][a-z0-9_.]*")


@dataclass(frozen=True)
class WhatsAppSettings:
    phone_number_id: str = option("Phone number ID", default="", hint="of the sender, from the app's page at Meta")
    token: str = secret(
        "Access token", default="", hint="of a system user who may send messages (whatsapp_business_messaging)"
    )
    template: str = option("Template", default="", hint="its name; its body has one variable, {{1}}, for the notice")
    languages: str = option(
        "Its languages", default="en", hint="in which it is approved, like en_US, de, es; the first is for all others"
    )
    templates: str = option(
        "Other templates", default="", hint="for single kinds of notice: receipt=my_receipt | reminder=my_reminder"
    )
    api: str = option(
        "Address of the API", default="https://graph.facebook.com/v23.0", hint="with the version of the Graph API"
    )
    timeout_seconds: int = option("Timeout in seconds", default=20, minimum=1, maximum=30)

    def __post_init__(self) -> None:
        if not (self.phone_number_id.isascii() and self.phone_number_id.isdecimal()):
            raise InvalidInput("phone_number_id", "is digits alone", hint="Copy the ID, not the phone number.")
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise InvalidInput("token", "is not an access token", hint="Copy it whole, without blanks.")
        if not _TEMPLATE.fullmatch(self.template):
            raise InvalidInput("template", "is no name of a template", hint="Small letters, digits and _.")
        for language in self.approved():
            if not _LANGUAGE.fullmatch(language):
                raise InvalidInput("languages", f"{language!r} is no language of a template", hint="Like en_US or de.")
        if not self.approved():
            raise InvalidInput("languages", "is missing", hint="Name at least one, like en_US.")
        for kind, name in self.by_kind().items():
            if not _KIND.fullmatch(kind) or not _TEMPLATE.fullmatch(name):
                raise InvalidInput("templates", f"{kind}={name} can't be", hint="Write kind=template | kind=template.")
        secure_address("api", self.api)

    def approved(self) -> list[str]:
        return [one.strip() for one in self.languages.split(",") if one.strip()]

    def by_kind(self) -> dict[str, str]:
        pairs = (one.partition("=") for one in self.templates.split(" | ") if one.strip())
        return {kind.strip(): name.strip() for kind, _, name in pairs}

    def template_of(self, kind: str) -> str:
        return self.by_kind().get(kind, self.template)

    def language_of(self, language: str) -> str:
        """The approved one that is the notice's, "de-AT" being de_AT or else de; the first where there is none."""
        approved, exact = self.approved(), language.replace("-", "_")
        near = [one for one in approved if one.partition("_")[0] == exact.partition("_")[0]]
        return exact if exact in approved else (near or approved)[0]
