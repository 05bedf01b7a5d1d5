"""A plugin that is wrong is broken, with a reason that its reader understands; every other plugin goes on."""

from importlib.metadata import EntryPoint

import pytest

from billhead.plugin_host import discover

CHANNEL = """
from dataclasses import dataclass

@dataclass(frozen=True)
class {name}Settings:
    token: str = secret("Token")

class {name}Channel(NotificationChannel):
    code = "{code}"
    label = "{name}"
    settings_type = {name}Settings
    def send(self, channel, message): ...

@hookimpl
def notification_channels():
    return [{name}Channel()]
"""


LOUD = """
class Loud(TaxEngine):
    code, label = "Loud!", "Loud"
    def assess(self, requests): return []

@hookimpl
def tax_engines(): return [Loud()]
"""


def channel(name: str, code: str) -> str:
    return CHANNEL.format(name=name, code=code)


def the_only_one(points):
    (plugin,) = discover(points)
    return plugin


def test_a_sound_plugin_is_loaded_with_what_it_offers(pretend):
    plugin = the_only_one([pretend("sms", channel("Sms", "sms"))])
    assert (plugin.broken, plugin.mend) == ("", "")
    assert [offered.code for offered in plugin.offers["notification_channels"]] == ["sms"]
    assert plugin.settings_type.__name__ == "SmsSettings"


def test_a_module_that_is_not_there_breaks_its_plugin_only(pretend):
    absent = EntryPoint("absent", "no_such_module_anywhere", "billhead.plugins")
    broken, sound = discover([absent, pretend("sms", channel("Sms", "sms"))])
    assert broken.broken == (
        "importing no_such_module_anywhere failed: ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    )
    assert "reinstall" in broken.mend
    assert sound.broken == ""


def test_a_module_that_exits_at_import_breaks_its_plugin_only(tmp_path, monkeypatch):
    (tmp_path / "exits_at_once.py").write_text("raise SystemExit('enough')\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugin = the_only_one([EntryPoint("quitter", "exits_at_once", "billhead.plugins")])
    assert plugin.broken == "importing exits_at_once failed: SystemExit: enough"


@pytest.mark.parametrize(
    ("source", "why", "mend"),
    [
        ("del API", "pretend_odd does not say which API it is built for", "write API = 1 in pretend_odd"),
        ("API = 2", "it is built for plugin API 2, this Billhead speaks 1", "upgrade Billhead"),
        ("API = 0", "it is built for plugin API 0, this Billhead speaks 1", "install a newer version of the plugin"),
        (
            "@hookimpl\ndef provisioning_module(): return []",
            "there is no hook provisioning_module(); is provisioning_modules() meant?",
            "its author mends this",
        ),
        ("@hookimpl(optionalhook=True)\ndef on_moon(): return []", "there is no hook on_moon()", "its author"),
        ("def tax_engines(): return []", "tax_engines() is not marked, so it would never be called", "write @hookimpl"),
        (
            "@hookimpl(wrapper=True)\ndef before_order(order):\n    return (yield)",
            "before_order() is written as a wrapper, but a plugin answers for itself only",
            "its author",
        ),
        (
            "@hookimpl\ndef tax_engines(): return [1 / 0]",
            "tax_engines() failed: ZeroDivisionError: division by zero",
            "its author",
        ),
        (
            "@hookimpl\ndef tax_engines(): return None",
            "tax_engines() failed: TypeError: 'NoneType' object is not iterable",
            "its author",
        ),
        (
            "class Half:\n    code = 'half'\n@hookimpl\ndef tax_engines(): return [Half()]",
            "tax_engines() returned a Half, which is no TaxEngine: it lacks assess, label",
            "its author",
        ),
        (
            LOUD,
            "tax_engines() returned a Loud whose code 'Loud!' is not small letters, digits, _ and -",
            "its author",
        ),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(pretend, source, why, mend):
    plugin = the_only_one([pretend("odd", source)])
    assert plugin.broken == why
    assert plugin.mend.startswith(mend)
    assert plugin.offers == {}


def test_an_argument_that_the_hook_does_not_have_is_named(pretend):
    plugin = the_only_one([pretend("odd", "@hookimpl\ndef on_event(event, session): ...")])
    assert plugin.broken.startswith("a hook does not have the signature of docs/hooks.md:")
    assert "session" in plugin.broken


def test_settings_must_be_made_of_options_and_secrets(pretend):
    source = channel("Sms", "sms").replace('secret("Token")', '"plain"')
    assert the_only_one([pretend("sms", source)]).broken == (
        "SmsChannel.settings_type: token must be a str, int or bool made by option() or secret()"
    )


def test_a_plugin_has_one_set_of_settings(pretend):
    other = "\n@dataclass(frozen=True)\nclass Settings:\n    a: str = option('A')\n"
    plugin = the_only_one([pretend("sms", channel("Sms", "sms") + other)])
    assert (
        plugin.broken
        == "its channels and its Settings differ (Settings, SmsSettings), but a plugin has one set of settings"
    )


def test_a_code_is_offered_once(pretend):
    first, second = discover([pretend("zz", channel("Zz", "sms")), pretend("aa", channel("Aa", "sms"))])
    assert (first.name, first.broken) == ("aa", "")
    assert second.broken == "its notification_channels() offers the code 'sms', which aa offers already"
    assert "uninstall aa or zz" in second.mend


def test_two_distributions_with_one_plugin_name_break_that_plugin(pretend):
    point = pretend("sms", channel("Sms", "sms"))
    assert "both install a plugin called sms" in the_only_one([point, point]).broken


def test_plugins_come_after_what_they_require(pretend):
    points = [pretend("aa", "REQUIRES = ('zz',)"), pretend("mm", ""), pretend("zz", "")]
    assert [plugin.name for plugin in discover(points)] == ["mm", "zz", "aa"]


def test_what_a_broken_or_missing_plugin_carries_falls_with_it(pretend):
    points = [pretend("aa", "REQUIRES = ('zz',)"), pretend("bb", "REQUIRES = ('gone',)"), pretend("zz", "API = 7")]
    broken = {plugin.name: plugin.broken for plugin in discover(points)}
    assert broken["aa"] == "it requires the plugin zz, which is broken"
    assert broken["bb"] == "it requires the plugin gone, which is not installed"


def test_a_circle_of_requirements_breaks_its_members_only(pretend):
    points = [pretend("aa", "REQUIRES = ('bb',)"), pretend("bb", "REQUIRES = ('aa',)"), pretend("cc", "")]
    broken = {plugin.name: bool(plugin.broken) for plugin in discover(points)}
    assert broken == {"aa": True, "bb": True, "cc": False}


def test_a_plugin_name_is_an_identifier(pretend):
    assert the_only_one([pretend("Loud-Name", "")]).broken == "'Loud-Name' is not a plugin name"
