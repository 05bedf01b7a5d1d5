"""What the sandbox operator sells: plans, channels, bouquets, panel users; built in, or from a JSON file.

A catalogue file holds any of the keys of `DEFAULT`; a key that is given replaces the built-in list or merges
into the built-in settings. An unknown key is refused, so that a spelling mistake cannot pass silently.
"""

import copy
import json
from pathlib import Path
from typing import Any

Item = dict[str, Any]

_CHANNELS: list[Item] = [
    {"id": 1, "number": 1, "name": "North One", "group": "General", "base": True},
    {"id": 2, "number": 2, "name": "North Two", "group": "General", "base": True},
    {"id": 3, "number": 3, "name": "North News", "group": "News", "base": False},
    {"id": 4, "number": 4, "name": "North Family", "group": "General", "base": False},
    {"id": 5, "number": 5, "name": "North Cinema", "group": "Movies", "base": False},
    {"id": 6, "number": 6, "name": "North Sport 1", "group": "Sport", "base": False},
    {"id": 7, "number": 7, "name": "North Sport 2", "group": "Sport", "base": False},
    {"id": 8, "number": 8, "name": "North Kids", "group": "Kids", "base": False},
]


def _package(number: int, external_id: str, name: str, services: list[int] | str, price: str = "0.00") -> Item:
    return {"id": number, "external_id": external_id, "name": name, "services": services, "price": price}


def _plan(number: int, external_id: str, name: str, packages: list[int], optional: list[int]) -> Item:
    return {
        "id": number,
        "external_id": external_id,
        "name": name,
        "user_default": number == 1,
        "packages": packages,
        "optional": optional,
    }


def _bouquet(number: int, name: str, streams: list[int]) -> Item:
    return {"id": number, "name": name, "streams": streams}


def _product(number: int, name: str, credits: int, days: int, connections: int) -> Item:
    return {
        "id": number,
        "name": name,
        "official_credits": credits,
        "official_days": days,
        "trial_days": 1,
        "types": ["line", "mag", "e2"],
        "bouquets": [1, 2],
        "max_connections": connections,
    }


DEFAULT: dict[str, Any] = {
    "settings": {
        "stalker": {
            "login": "stalker",
            "password": "sandbox",
            "timezone": "Europe/London",
            "enable_api": True,
            "enable_tariff_plans": True,
            "enable_internal_billing": True,
            "default_stb_status": 1,
            "auto_add_stb": False,
            "enable_mac_format_validation": True,
            "allow_multiple_stb_update": False,
            "watchdog_timeout": 120,
            "token_delay": 0.0,
        },
        "xtream": {
            "access_code": "sandbox",
            "reseller_code": "resell",
            "version": "1.2.14",
            "timezone": "Europe/London",
            "enable_cache": False,
            "cache_signal_seconds": 1.0,
            "cache_run_seconds": 300,
            "session_import_seconds": 0,
            "flood_guard": False,
            "allow_get_php": True,
            "server_password": "sandbox-servers",
        },
        "classic": {
            "api_ips": "*",
            "api_pass": "",
            "error_texts": True,
            "odd_types": False,
            "bouquet_list": True,
        },
        "cards": {
            "api_key": "sk_sandbox_demo",
            "callback_secret": "whsec_sandbox_demo",
            "callbacks": True,
            "callback_delay": 0.0,
            "callback_copies": 1,
            "callback_out_of_order": False,
            "callback_forged": "",
            "callback_retries": 5,
            "session_seconds": 86_400,
            "fee_basis_points": 150,
            "processing_seconds": 2.0,
            "processing_ends": "succeeded",
            "refund_status": "succeeded",
        },
    },
    "stalker_channels": _CHANNELS,
    "stalker_packages": [
        _package(1, "PKG_BASE", "Base channels", [1, 2, 3]),
        _package(2, "PKG_FAMILY", "Family channels", [4, 8]),
        _package(3, "PKG_ALLTV", "All television", "all"),
        _package(4, "PKG_SPORT", "Sport", [6, 7], "3.50"),
        _package(5, "PKG_KIDS", "Kids", [8], "2.00"),
        _package(6, "PKG_CINEMA", "Cinema", [5], "4.00"),
    ],
    "stalker_plans": [
        _plan(1, "BASIC", "Basic plan", [1], [4, 5]),
        _plan(2, "FAMILY", "Family plan", [1, 2], [4, 6]),
        _plan(3, "PREMIUM", "Premium plan", [3], []),
        _plan(4, "TRIAL", "Trial plan", [1], []),
    ],
    "xtream_bouquets": [
        _bouquet(1, "Basic", [1, 2, 3]),
        _bouquet(2, "Family", [4, 8]),
        _bouquet(3, "Sport", [6, 7]),
        _bouquet(4, "Movies", [5, 101, 102]),
        _bouquet(5, "Kids", [8]),
        _bouquet(6, "News", [3]),
        _bouquet(7, "Late night", [9]),
        _bouquet(8, "Pay per view", [10]),
    ],
    "xtream_streams": [
        *({"id": item["id"], "name": item["name"], "type": 1} for item in _CHANNELS),
        {"id": 9, "name": "North Late", "type": 1},
        {"id": 10, "name": "North Event", "type": 1},
        {"id": 101, "name": "The Long Winter", "type": 2},
        {"id": 102, "name": "Harbour Lights", "type": 2},
    ],
    "xtream_packages": [
        _product(1, "One month", 1, 30, 1),
        _product(2, "Three months", 3, 90, 1),
        _product(3, "One year", 10, 365, 2),
    ],
    "xtream_groups": [
        {"group_id": 1, "group_name": "Administrators", "is_admin": 1, "is_reseller": 0},
        {"group_id": 2, "group_name": "Resellers", "is_admin": 0, "is_reseller": 1},
    ],
    "xtream_users": [
        {"username": "admin", "member_group_id": 1, "api_key": "0123456789abcdef0123456789abcdef"},
        {
            "username": "reseller",
            "member_group_id": 2,
            "api_key": "fedcba9876543210fedcba9876543210",
            "credits": 100,
        },
    ],
}


CHOICES = {
    "xtream.version": ("1.2.14", "2.1.2"),
    "cards.callback_forged": ("", "signature", "stale", "amount", "currency", "reference"),
    "cards.processing_ends": ("succeeded", "failed"),
    "cards.refund_status": ("succeeded", "processing", "failed"),
}


class CatalogueRefused(Exception):
    """The catalogue file or a settings change is wrong; the text says what and where."""


def merge_settings(settings: dict[str, Any], changes: Any) -> None:
    """Write `{"stalker": {"enable_api": false}}` into `settings`, refusing names and types that it does not have."""
    if not isinstance(changes, dict):
        raise CatalogueRefused('Settings must be an object such as {"stalker": {"enable_api": false}}.')
    checked: list[tuple[str, str, Any]] = []
    for part, values in changes.items():
        if part not in settings or not isinstance(values, dict):
            raise CatalogueRefused(f"No settings part {part!r}; there are {sorted(settings)}, each an object.")
        for name, value in values.items():
            if name not in settings[part]:
                raise CatalogueRefused(f"No setting {part}.{name}; there are {sorted(settings[part])}.")
            checked.append((part, name, _fitting(f"{part}.{name}", settings[part][name], value)))
    for part, name, value in checked:
        settings[part][name] = value


def _fitting(name: str, present: Any, value: Any) -> Any:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(present, bool) != isinstance(value, bool) or isinstance(present, str) != isinstance(value, str):
        raise CatalogueRefused(f"Setting {name} is of type {type(present).__name__}; got {value!r}.")
    if isinstance(present, int | float) and not isinstance(present, bool) and not numeric:
        raise CatalogueRefused(f"Setting {name} is a number; got {value!r}.")
    if name in CHOICES and value not in CHOICES[name]:
        raise CatalogueRefused(f"Setting {name} is one of {CHOICES[name]}; got {value!r}.")
    return value


class Catalogue:
    """One operator's offer. `settings` are its starting values; the panel keeps later changes in its database."""

    def __init__(self, content: dict[str, Any] | None = None) -> None:
        merged = copy.deepcopy(DEFAULT)
        for key, value in (content or {}).items():
            if key not in merged:
                raise CatalogueRefused(f"No catalogue key {key!r}; there are {sorted(merged)}.")
            if key == "settings":
                merge_settings(merged["settings"], value)
            else:
                merged[key] = value
        self.settings: dict[str, Any] = merged["settings"]
        self.channels: list[Item] = merged["stalker_channels"]
        self.packages: list[Item] = merged["stalker_packages"]
        self.plans: list[Item] = merged["stalker_plans"]
        self.bouquets: list[Item] = merged["xtream_bouquets"]
        self.streams: list[Item] = merged["xtream_streams"]
        self.products: list[Item] = merged["xtream_packages"]
        self.groups: list[Item] = merged["xtream_groups"]
        self.users: list[Item] = merged["xtream_users"]
        self._plans_by_id = {plan["id"]: plan for plan in self.plans}
        self._default_plan = next((plan for plan in self.plans if plan.get("user_default")), None)

    @classmethod
    def from_file(cls, path: Path) -> "Catalogue":
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CatalogueRefused(f"Cannot read the catalogue {path}: {error}") from error
        if not isinstance(content, dict):
            raise CatalogueRefused(f"The catalogue {path} must hold one JSON object.")
        return cls(content)

    def plan_in_force(self, plan_id: int | None) -> Item | None:
        """The plan of that id; unset or unknown falls to the default plan, as the portal does without a word."""
        return self._plans_by_id.get(plan_id or 0, self._default_plan)

    def plan_id(self, external_id: str) -> int:
        """The internal id of a plan; 0 where no plan has this external id."""
        return next((plan["id"] for plan in self.plans if plan["external_id"] == external_id), 0)

    def bouquet_ids(self) -> list[int]:
        return [bouquet["id"] for bouquet in self.bouquets]
