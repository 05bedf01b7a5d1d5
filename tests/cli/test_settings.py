"""Settings of an installation: the environment before the file, and a mistake is named instead of passed over."""

import pytest

from billhead.config import load_config
from billhead.domain.errors import InvalidInput


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / "billhead.toml").write_text('port = 8080\nhost = "0.0.0.0"\npublic_url = "https://tv.example/"\n')
    config = load_config({"BILLHEAD_HOME": str(tmp_path), "BILLHEAD_PORT": "9000"})
    assert (config.host, config.port, config.base_url) == ("0.0.0.0", 9000, "https://tv.example")


def test_a_first_start_makes_a_secret_that_is_kept_and_readable_by_its_owner_only(tmp_path):
    first = load_config({"BILLHEAD_HOME": str(tmp_path / "home")}).secret_key
    assert load_config({"BILLHEAD_HOME": str(tmp_path / "home")}).secret_key == first
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0, "for whoever runs it alone"
    assert len(first) == 64
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('publicurl = "https://tv.example"', "'publicurl' is not a setting"),
        ("port = ", "is not TOML"),
        ("port = 70000", "is not a port number"),
        ("port = '²'", "is not a port number"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, written, said):
    (tmp_path / "billhead.toml").write_text(written)
    with pytest.raises(InvalidInput, match=said):
        load_config({"BILLHEAD_HOME": str(tmp_path)})
