"""Tokens of providers: one for each set of credentials, asked for again before it ends, and never shown."""

from dataclasses import replace

import pytest

from billhead.plugin import AccessToken, AccessTokens, GatewayUnreachable, access_tokens

ADA = ("https://pay.example", "ada", "her secret")


@pytest.fixture
def asked():
    return []


@pytest.fixture
def ask(asked):
    def ask():
        asked.append(1)
        return AccessToken(f"token {len(asked)}", 3600)

    return ask


def test_one_token_serves_until_a_minute_before_its_end(ask, asked, monkeypatch):
    tokens, now = AccessTokens(), access_tokens.monotonic()
    first = tokens.of(ADA, ask)
    monkeypatch.setattr(access_tokens, "monotonic", lambda: first.at + 3539)
    assert tokens.of(ADA, ask) is first
    monkeypatch.setattr(access_tokens, "monotonic", lambda: first.at + 3540)
    assert tokens.of(ADA, ask).text == "token 2"
    assert first.at >= now


def test_each_address_client_and_secret_has_its_own(ask):
    tokens = AccessTokens()
    others = [("https://test.example", *ADA[1:]), (ADA[0], "bob", ADA[2]), (*ADA[:2], "a new secret")]
    assert [tokens.of(whose, ask).text for whose in (ADA, *others, ADA)] == [
        "token 1", "token 2", "token 3", "token 4", "token 1",
    ]  # fmt: skip


def test_one_that_was_revoked_is_asked_for_again(ask):
    tokens = AccessTokens()
    tokens.of(ADA, ask)
    tokens.forget(ADA)
    tokens.forget(ADA)
    assert tokens.of(ADA, ask).text == "token 2"


def test_what_was_not_given_is_not_kept(ask):
    tokens = AccessTokens()

    def fail():
        raise GatewayUnreachable("nobody answers")

    with pytest.raises(GatewayUnreachable):
        tokens.of(ADA, fail)
    assert tokens.of(ADA, ask).text == "token 1"


def test_neither_token_nor_secret_is_shown(ask):
    tokens = AccessTokens()
    shown = repr(tokens.of(ADA, ask)) + repr(vars(tokens)) + repr(replace(tokens.of(ADA, ask), seconds=1))
    assert "token 1" not in shown
    assert "secret" not in shown
