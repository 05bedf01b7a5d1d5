"""Secrets at rest: unreadable without the key, readable through a rotation."""

import pytest

from billhead.domain.errors import InvalidInput
from billhead.plugin_host import Vault


def test_a_secret_comes_back_and_its_token_does_not_tell_it():
    vault = Vault.from_secret("key of today")
    token = vault.encrypt("s3cret")
    assert "s3cret" not in token
    assert vault.decrypt(token) == "s3cret"
    assert vault.encrypt("s3cret") != token


def test_nothing_stays_nothing():
    vault = Vault.from_secret("key")
    assert (vault.encrypt(""), vault.decrypt(""), vault.rotated("")) == ("", "", "")


def test_another_key_opens_nothing_and_the_refusal_says_what_to_do():
    token = Vault.from_secret("old").encrypt("s3cret")
    with pytest.raises(InvalidInput) as caught:
        Vault.from_secret("new").decrypt(token)
    assert "another key" in caught.value.message
    assert "new old" in caught.value.hint


def test_a_tampered_token_is_refused():
    token = Vault.from_secret("key").encrypt("s3cret")
    with pytest.raises(InvalidInput):
        Vault.from_secret("key").decrypt(token[:-4] + "AAAA")


def test_rotation_reads_the_old_and_writes_the_new():
    token = Vault.from_secret("old").encrypt("s3cret")
    rotated = Vault.from_secret("new old").rotated(token)
    assert Vault.from_secret("new").decrypt(rotated) == "s3cret"
    with pytest.raises(InvalidInput):
        Vault.from_secret("old").decrypt(rotated)


def test_no_key_is_no_vault():
    with pytest.raises(InvalidInput, match="BILLHEAD_SECRET_KEY"):
        Vault.from_secret("  ")
