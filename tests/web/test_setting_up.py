"""An empty house is opened from a browser by who has the printed code, once, and by nobody else."""

import re

from web_shop import PASSWORD, Browser

from apps import build_app, close_app
from billhead.actions.setup._code import MOST_TRIES
from billhead.actions.setup.make_code import make_code
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.sellers import Seller

HOUSE = {
    "company": "North TV Oy", "country": "fi", "currency": "eur", "zone": "Europe/Helsinki",
    "email": "Owner@example.com", "password": PASSWORD,
}  # fmt: skip


def test_wrong_codes_stop_their_network_and_nobody_else(sqlite_url, tmp_path):
    app = build_app(sqlite_url, tmp_path / "home")

    def opened(code: str, ip: str):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = ip
        return Browser(client).post("/setup", {**HOUSE, "code": code}, page="/setup")

    try:
        with app.app_context(), writing(Context.system("test")) as tx:
            code = make_code(tx).code
        for last in range(MOST_TRIES):
            assert "not the code that was printed last" in opened("wrong", f"203.0.113.{last}").text
        for typed in ("wrong", code):
            refused = opened(typed, "203.0.113.77")
            assert (refused.status_code, "oo many wrong codes" in refused.text) == (422, True)
            assert "quarter of an hour" in refused.text
        assert opened(code, "198.51.100.7").status_code == 303
    finally:
        close_app(app)


def test_who_has_the_code_opens_the_house_once(sqlite_url, tmp_path):
    app = build_app(sqlite_url, tmp_path / "home")

    def printed() -> str:
        with app.app_context(), writing(Context.system("test")) as tx:
            return make_code(tx).code

    def opened(code: str):
        return Browser(app.test_client()).post("/setup", {**HOUSE, "code": code}, page="/setup")

    try:
        page = app.test_client().get("/setup").text
        assert '<option value="FI">Finland</option>' in page
        assert "data-fill-time-zone" in page, "a script chooses the zone of the browser"
        assert opened("").status_code == 422
        assert "rint a new one" in opened("ABCD-EFGH-JKLM").text, "none was printed yet"
        first, code = printed(), printed()
        assert re.fullmatch(r"([A-Z2-9]{4}-){2}[A-Z2-9]{4}", code)
        assert "not the code that was printed last" in opened(first).text, "a new code makes the old one void"
        for _ in range(MOST_TRIES - 1):
            assert opened("wrong").status_code == 422
        assert opened(code).status_code == 422, "it was guessed at too often"
        code = printed()  # whoever can print one has shown who they are: tries are forgotten
        short = Browser(app.test_client()).post("/setup", {**HOUSE, "code": code, "password": "short"}, page="/setup")
        assert short.status_code == 422
        answer = opened(code.lower().replace("-", " "))
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/admin/")
        with app.app_context(), reading() as session:
            seller = session.get_one(Seller, 1)
        assert (seller.name, seller.country, seller.currency, seller.zone) == (
            "North TV Oy", "FI", "EUR", "Europe/Helsinki",
        )  # fmt: skip
        owner = Browser(app.test_client())
        owner.sign_in("owner@example.com")
        home = owner.get("/admin/").text
        assert "What to do next" in home
        assert "Nothing. Everything that runs by itself runs." not in home
        again = app.test_client().get("/setup")
        assert (again.status_code, again.headers["Location"]) == (303, "/admin/")
    finally:
        close_app(app)
