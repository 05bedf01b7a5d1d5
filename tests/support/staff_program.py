"""A program of the operator: it asks with its key, and what it is told is held to what is described."""

import re
from typing import Any

from web_shop import Browser, Shop


class Program:
    """Asks with its key, and never with a cookie."""

    def __init__(self, shop: Shop, key: str) -> None:
        self.key, self.client = key, shop.app.test_client(use_cookies=False)

    def get(self, path: str, status: int = 200):
        answer = self.client.get(f"/api/staff/v1{path}", headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == status, answer.text
        return answer.json

    def post(self, path: str, body: object, once: str = "", status: int = 200):
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Idempotency-Key": once} if once else {})
        answer = self.client.post(f"/api/staff/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json


def make(sam: Browser, *permissions: str, **fields: str) -> str:
    answer = sam.post("/admin/keys/new", {"name": "till", "permissions": list(permissions), **fields})
    assert answer.status_code == 200, answer.text
    return re.search(r"bhs_[\w-]{43}", answer.text).group()


def fits(told: Any, schema: dict[str, Any], where: str) -> None:
    """Every field that is told is described, and the other way round."""
    if isinstance(told, dict) and "properties" in schema:
        assert set(told) == set(schema["properties"]), where
        for name, value in told.items():
            fits(value, schema["properties"][name], f"{where}.{name}")
    elif isinstance(told, list):
        for value in told:
            fits(value, schema["items"], f"{where}[]")
    else:
        kinds = schema.get("type", "object")
        known = {"string": str, "integer": int, "boolean": bool, "null": type(None), "object": dict}
        assert type(told) in [known[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)], (where, told)
