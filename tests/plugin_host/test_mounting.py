"""Views of plugins: under their own address, each stating who may call it, gone when the plugin is off."""

import pytest
from flask import Blueprint, Flask

from billhead.plugin_host import PluginHost, mount_plugins
from billhead.refusals import read_refusal
from billhead.wording import wording

HELLO = """
from flask import Blueprint
pages = Blueprint("hello", __name__)

@pages.get("/hello")
@allow("anyone")
def hello():
    return "hello"

@hookimpl
def blueprints(): return [pages]
"""


def mounted(points) -> tuple[Flask, PluginHost]:
    host = PluginHost.load(points)
    host.activation.off = frozenset
    app = Flask("web")
    app.register_blueprint(Blueprint("admin", __name__))
    mount_plugins(app, host)
    return app, host


def test_blueprints_answer_under_the_name_of_their_plugin(pretend):
    app, _ = mounted([pretend("greeter", HELLO)])
    assert app.test_client().get("/x/greeter/hello").text == "hello"


def test_a_plugin_that_is_switched_off_answers_404_until_it_is_on_again(pretend):
    app, host = mounted([pretend("greeter", HELLO)])
    host.activation.off = lambda: frozenset({"greeter"})
    assert app.test_client().get("/x/greeter/hello").status_code == 404
    host.activation.off = frozenset
    assert app.test_client().get("/x/greeter/hello").status_code == 200


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('@allow("anyone")\n', ""), "its view hello.hello does not say who may call it"),
        (('"anyone"', '"staf"'), "its view hello.hello allows 'staf', but roles are anyone, customer,"),
        (('Blueprint("hello"', 'Blueprint("admin"'), "a blueprint called 'admin' is there already"),
        (
            ("@hookimpl", "pages.before_app_request(print)\n@hookimpl"),
            "its blueprint hello reaches beyond its own views (an app-wide hook)",
        ),
        (
            ("@hookimpl", "pages.app_errorhandler(404)(print)\n@hookimpl"),
            "its blueprint hello reaches beyond its own views (an app-wide hook)",
        ),
        (
            ("@hookimpl", "pages.record(lambda state: state.app.add_url_rule('/admin/x', 'x', hello))\n@hookimpl"),
            "its address /admin/x is outside /x/greeter/",
        ),
        (
            ("@hookimpl", "pages.record(lambda state: 1 / 0)\n@hookimpl"),
            "its blueprint hello can't be mounted: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_a_blueprint_that_oversteps_breaks_its_plugin_and_nothing_is_mounted(pretend, change, why):
    sound = HELLO.replace('Blueprint("hello"', 'Blueprint("sound"')
    app, host = mounted([pretend("greeter", HELLO.replace(*change)), pretend("sound", sound)])
    assert host.get("greeter").broken.startswith(why)
    assert app.test_client().get("/x/greeter/hello").status_code == 404
    assert app.test_client().get("/x/sound/hello").status_code == 200


HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=%s\\n"\n"Plural-Forms: nplurals=2; plural=%s;\\n"\n\n'
WORDS = (HEAD % ("utf-8", "(n != 1)") + 'msgid "Only greeters say this"\nmsgstr "Grüße"\n').encode()


@pytest.mark.parametrize(
    ("pages", "refusals", "why"),
    [
        (WORDS.decode().encode("latin-1"), b"", "locale/de/LC_MESSAGES/pages.po: UnicodeDecodeError"),
        (WORDS.replace(b"utf-8", b"nonsense"), b"", "locale/de/LC_MESSAGES/pages.po: LookupError"),
        (WORDS.replace(b"!=", b"!!"), b"", "locale/de/LC_MESSAGES/pages.po: ValueError"),
        (WORDS.replace(b"n != 1", b"5 / n"), b"", "locale/de/LC_MESSAGES/pages.po: ZeroDivisionError"),
        (WORDS, b"\xff is missing\n", "locale/refusals.txt: UnicodeDecodeError"),
        (WORDS, b"%(who)s greets %(who)s\n", "locale/refusals.txt: "),
    ],
)
def test_words_that_cannot_be_read_break_their_plugin_and_no_page(pretend, tmp_path, pages, refusals, why):
    """Core's own pages look words up in them as well."""
    (tmp_path / "locale/de/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "locale/de/LC_MESSAGES/pages.po").write_bytes(pages)
    (tmp_path / "locale/refusals.txt").write_bytes(refusals)
    point = pretend("greeter", f"__file__ = {str(tmp_path / 'plugin.py')!r}\n{HELLO}")
    app, host = mounted([point])
    assert host.get("greeter").broken.startswith(f"its words can't be read: {why}")
    assert host.get("greeter").mend == "mend that file in its package"
    assert app.test_client().get("/x/greeter/hello").status_code == 404
    assert wording("de", "pages").say("Only greeters say this") == "Only greeters say this"
    assert wording("de", "pages").count("%(count)d month", "%(count)d months", 0) == "0 Monate"
    assert read_refusal("nobody lists this and that") == ("nobody lists this and that", {})


def test_words_of_a_refused_plugin_are_nobodys(pretend, tmp_path):
    (tmp_path / "locale/de/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "locale/de/LC_MESSAGES/pages.po").write_bytes(WORDS)
    source = f"__file__ = {str(tmp_path / 'plugin.py')!r}\n{HELLO}"
    mounted([pretend("greeter", source.replace('@allow("anyone")\n', ""))])
    assert wording("de", "pages").say("Only greeters say this") == "Only greeters say this"
    mounted([pretend("greeter", source)])
    assert wording("de", "pages").say("Only greeters say this") == "Grüße"


def test_static_files_of_a_plugin_are_for_anyone(pretend, tmp_path):
    (tmp_path / "a.css").write_text("a{}")
    source = HELLO.replace("__name__)", f"__name__, static_folder={str(tmp_path)!r}, static_url_path='/files')")
    app, host = mounted([pretend("greeter", source)])
    assert host.get("greeter").broken == ""
    with app.test_client().get("/x/greeter/files/a.css") as answer:
        assert answer.text == "a{}"
    assert all(getattr(view, "billhead_allow", None) for name, view in app.view_functions.items() if name != "static")
