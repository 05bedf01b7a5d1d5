"""Which bot speaks."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, option, secret, secure_address

__all__ = ["TelegramSettings"]

_TOKEN = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,80}")


@dataclass(frozen=True)
class TelegramSettings:
    bot: str = option("Name of the bot", default="", hint="as @BotFather gave it, without the @")
    token: str = secret("Token", default="", hint="from @BotFather")
    api: str = option("Bot API server", default="https://api.telegram.org", hint="another one only if you run it")
    timeout_seconds: int = option("Timeout in seconds", default=20, minimum=1, maximum=30)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{3,31}", self.bot):
            raise InvalidInput("bot", "is not the name of a bot", hint="Enter it without the @, like NorthCableBot.")
        if not _TOKEN.fullmatch(self.token):
            raise InvalidInput("token", "is not a bot's token", hint="Copy it from @BotFather whole.")
        secure_address("api", self.api)
