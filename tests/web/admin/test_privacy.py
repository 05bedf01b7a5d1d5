"""Staff see what is held about somebody, copy it, erase them, and set how long what is kept."""

import io
import json
import zipfile

from click.testing import CliRunner
from web_shop import Shop

from billhead.cli import main
from billhead.models.privacy import ErasureRequest
from billhead.models.sellers import Seller


def test_staff_copy_and_erase_for_a_customer(shop: Shop):
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    staff = shop.person("staff", "staff@northcable.example", "*")
    reader = shop.person("staff", "reader@northcable.example")
    page = staff.get("/admin/customers/1/data").text
    assert "Subscriptions still run" in page
    assert reader.get("/admin/customers/1/data").status_code == 200
    for path in ("copy", "erase", "keep"):
        assert reader.post(f"/admin/customers/1/data/{path}", {"reason": "x"}).status_code == 403

    assert staff.post("/admin/customers/1/data/copy", {"reason": "by letter"}).status_code == 303
    shop.work()
    answer = staff.get("/admin/customers/1/data/copy/1")
    assert "index.html" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    assert staff.get("/admin/customers/2/data/copy/1").status_code == 404
    assert reader.get("/admin/customers/1/data/copy/1").status_code == 403
    assert staff.post("/admin/customers/1/data/copy", {"reason": "again"}).status_code == 303, "staff have no limit"

    told = {"reason": "by letter", "ends_lines": "y"}
    assert staff.post("/admin/customers/1/data/erase", told).status_code == 303
    assert "waiting" in staff.get("/admin/erasures").text
    assert staff.post("/admin/customers/1/data/keep", {"reason": "a mistake"}).status_code == 303
    assert shop.rows(ErasureRequest)[0].state == "revoked"
    assert "by letter" in staff.get("/admin/customers/1/data").text


def test_how_long_what_is_kept_is_set_and_shown(shop: Shop):
    staff = shop.person("staff", "staff@northcable.example", "*")
    assert "1095 days" in staff.get("/admin/retention").text
    told = {"erasure_days": 30, "export_days": 7, "document_years": 6, "notice_days": 100, "ticket_days": 365}
    told |= {"mail_days": 30, "callback_days": 60, "event_days": 30, "audit_days": 365, "key_days": 30}
    refused = staff.post(f"/admin/sellers/{shop.seller_id}/privacy", told | {"document_years": 0})
    assert "from 1 to 30" in refused.text
    assert staff.post(f"/admin/sellers/{shop.seller_id}/privacy", told).location == "/admin/retention"
    page = staff.get("/admin/retention").text
    assert "6 fiscal years" in page
    assert "100 days" in page
    assert shop.rows(Seller)[0].privacy["erasure_days"] == 30


def test_the_command_line(shop: Shop, tmp_path):
    shop.customer()

    def run(*words: str):
        return CliRunner().invoke(main, ["privacy", *words, "--json"], obj=shop.app)

    file = tmp_path / "ada.zip"
    told = json.loads(run("export", "1", "--to", str(file), "--reason", "by letter").stdout)
    assert told["bytes"] == file.stat().st_size
    assert "data/profile/customer.csv" in zipfile.ZipFile(file).namelist()
    assert file.stat().st_mode & 0o077 == 0
    asked = json.loads(run("erase", "1", "--reason", "by letter").stdout)
    assert json.loads(run("erasures").stdout)["erasures"][0]["state"] == "waiting"
    assert json.loads(run("continue", str(asked["erasure_id"])).stdout)["said"] == "it is not due"
    assert json.loads(run("keep", "1", "--reason", "a mistake").stdout)["state"] == "revoked"
    assert json.loads(run("retention").stdout)["notices"] == 0
    assert json.loads(run("retention", "--purge").stdout) == {"forgotten": {}}
