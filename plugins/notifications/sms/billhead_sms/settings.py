"""How the operator's gateway is called, as a template, and how its answer says that it took the message."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, marked, option, secret, secure_address

__all__ = ["PLACEHOLDER", "SmsSettings"]

PLACEHOLDER = re.compile(r"\{(\w*)\}")
_KNOWN = ("to", "text", "sender", "key", "secret")


@dataclass(frozen=True)
class SmsSettings:
    url: str = option("Address", default="", hint="https://gateway.example/send; placeholders as in the body")
    method: str = option("Method", default="POST", choices=("POST", "PUT", "GET"))
    content: str = option("Body is", default="json", choices=("json", "form", marked("none")))
    body: str = option(
        "Body",
        default='{"to": "{to}", "from": "{sender}", "text": "{text}"}',
        hint="with {to}, {text}, {sender}, {key}, {secret}; as a form: To={to}&From={sender}&Body={text}",
    )
    headers: str = option("Headers", default="", hint="Authorization: Bearer {secret} | X-Request-Id: {key}")
    api_secret: str = secret("Secret", default="", hint="the value of {secret}")
    login: str = option("Login", default="", hint="of HTTP Basic, where the gateway wants that")
    password: str = secret("Password", default="")
    sender: str = option("Sender", default="", hint="a number or a name of up to 11 signs; the value of {sender}")
    success_path: str = option("Taken is said at", default="", hint="messages.0.status, in the JSON of the answer")
    success_values: str = option("Taken reads", default="", hint="queued, accepted; empty: anything there will do")
    timeout_seconds: int = option("Timeout in seconds", default=20, minimum=1, maximum=30)

    def __post_init__(self) -> None:
        if not self.url:
            raise InvalidInput("url", "Address is required", hint="Enter the address that your gateway sends at.")
        secure_address("url", self.url)
        for name in ("url", "body", "headers"):
            self._check(name)
        if not any("{text}" in text and self._sent(name) for name, text in (("url", self.url), ("body", self.body))):
            raise InvalidInput("body", "sends no {text}", hint="Put {text} where the gateway wants the message.")
        for one in self.header_lines():
            if ":" not in one or not one.isprintable() or not one.isascii():
                raise InvalidInput("headers", f"{one.partition(':')[0]!r} is no header", hint="Write Name: value.")

    def header_lines(self) -> list[str]:
        return [one.strip() for one in self.headers.split(" | ") if one.strip()]

    def _sent(self, name: str) -> bool:
        return name == "url" or self.content != "none"

    def _check(self, name: str) -> None:
        for found in PLACEHOLDER.findall(getattr(self, name)):
            if found not in _KNOWN:
                known = ", ".join(f"{{{one}}}" for one in _KNOWN)
                raise InvalidInput(name, f"knows no {{{found}}}", hint=f"There are {known}.")
