"""Finds secrets in what a plugin says: its logs, its reprs and its errors."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

__all__ = ["assert_secret", "secrets_of", "told"]

_MASK = "********"


def secrets_of(settings: Any) -> list[str]:
    """The values of the secret() fields of a settings object."""
    return [str(getattr(settings, f.name)) for f in fields(settings) if f.metadata.get("secret")]


def told(error: BaseException | None) -> str:
    """All that an error and its causes say."""
    said = []
    while error is not None:
        said.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(said)


def assert_secret(secrets: Sequence[str], said: Iterable[str]) -> None:
    """No secret stands in anything that was said; the failure names the place, never the secret."""
    for text in said:
        masked = text
        for secret in filter(None, secrets):
            masked = masked.replace(secret, _MASK)
        if masked != text:
            place = masked.index(_MASK)
            raise AssertionError(f"a secret is told in: …{masked[max(0, place - 60) : place + 60]}…")
