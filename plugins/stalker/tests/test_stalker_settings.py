"""Settings of a portal as operators write them, and the plugin as core finds it."""

from importlib.metadata import entry_points

import pytest

from billhead.plugin import InvalidInput, ProvisioningModule, load_settings
from billhead_stalker import plugin
from billhead_stalker.module import StalkerModule
from billhead_stalker.settings import StalkerSettings

GOOD = {"url": "https://tv.example/stalker_portal", "login": "b", "password": "api-secret", "zone": "Europe/Helsinki"}


@pytest.mark.parametrize(
    "url",
    [
        "https://tv.example",
        "https://tv.example/",
        "https://tv.example/stalker_portal",
        "https://tv.example/stalker_portal/",
        "https://tv.example/stalker_portal/c/",
        "https://tv.example/stalker_portal/api/",
        "https://tv.example/stalker_portal/api/v1/",
        "https://tv.example/stalker_portal/server/load.php",
    ],
)
def test_addresses_as_they_are_pasted(url):
    settings = load_settings(StalkerSettings, {**GOOD, "url": url})
    assert settings.root == "https://tv.example/stalker_portal"
    assert settings.address_for_boxes == "https://tv.example/stalker_portal/c/"


def test_a_portal_may_stand_in_another_folder():
    assert load_settings(StalkerSettings, {**GOOD, "url": "https://tv.example/tv/"}).root == "https://tv.example/tv"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "tv.example/stalker_portal"),
        ("url", "ftp://tv.example"),
        ("url", "https://"),
        ("url", "https://tv.example/?a=1"),
        ("url", "https://[tv.example"),
        ("portal_url", "tv.example"),
        ("zone", "Helsinki"),
        ("zone", "../etc/passwd"),
        ("zone", "Europe"),
        ("timeout_seconds", 0),
    ],
)
def test_a_wrong_setting_is_refused_by_name(field, value):
    with pytest.raises(InvalidInput) as refused:
        load_settings(StalkerSettings, {**GOOD, field: value})
    assert refused.value.field == field


def test_the_password_is_not_shown():
    assert "api-secret" not in repr(load_settings(StalkerSettings, GOOD))


def test_the_plugin_is_found_by_its_entry_point():
    (entry,) = entry_points(group="billhead.plugins", name="stalker")
    assert entry.load() is plugin
    assert plugin.API == 1
    (module,) = plugin.provisioning_modules()
    assert isinstance(module, ProvisioningModule)
    assert (module.code, module.settings_type) == ("stalker", StalkerSettings)


def test_the_module_is_called_by_its_name():
    """It wore the mark of ended boxes: two functions were called `marked`."""
    assert StalkerModule.label == "Stalker / Ministra portal"
