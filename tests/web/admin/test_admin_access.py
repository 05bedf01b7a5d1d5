"""Which permission opens what in the admin area; that only staff gets in is in tests/web/test_access_matrix.py."""

from web_shop import Shop

from billhead.web.access import stated
from billhead.web.admin.known_permissions import WORDS, known_permissions

ONES_OWN = {"/admin/what-i-am-told"}
"""Changes nothing but which mails oneself gets."""


def routes(shop: Shop) -> list[tuple[str, str, frozenset[str], str]]:
    """(method, address, roles, permission) of every route of the area."""
    found = []
    for rule in shop.app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            roles, permission = stated(shop.app.view_functions[rule.endpoint])
            values = {name: 1 if "int" in str(rule) else "x" for name in rule.arguments}
            _, address = rule.build(values)
            found += [(method, address, roles, permission) for method in sorted(rule.methods & {"GET", "POST"})]
    return found


def test_every_route_is_for_staff_and_every_change_has_a_permission(shop):
    for method, address, roles, permission in routes(shop):
        assert roles == {"staff"}, address
        assert method == "GET" or permission or address in ONES_OWN, f"{method} {address} needs no permission"
    with shop.app.app_context():
        of_plugins = {
            stated(view)[1]
            for endpoint, view in shop.app.view_functions.items()
            if endpoint.partition(".")[0] in shop.app.extensions["billhead_owners"]
        }
        told = set(known_permissions()) - (of_plugins - WORDS.keys())  # theirs may be one of the house's
        assert told == WORDS.keys(), "each is told in words, and no word is left over"


def test_a_change_without_its_permission_is_refused_kindly(shop):
    reader = shop.person("staff", "reader@example.com")
    for method, address, _, permission in routes(shop):
        if permission:
            answer = reader.get(address) if method == "GET" else reader.post(address, {"reason": "x"}, page="/admin/")
            assert answer.status_code == 403, f"{method} {address}"
            assert f"it needs {permission}" in answer.text.replace("It needs", "it needs"), address
            assert "Your account has no access to this page." in answer.text
        else:
            assert reader.get(address).status_code in (200, 404), address


def test_one_permission_opens_its_routes_and_no_others(shop):
    """Each page with the permission that it needs and no other, and with all others and not that one."""
    every = {permission for *_, permission in routes(shop) if permission}
    opened = {permission: [] for permission in sorted(every)}
    for method, address, _, permission in routes(shop):
        if method == "GET" and permission:
            opened[permission].append(address)
    for number, (permission, addresses) in enumerate(opened.items()):
        alone = shop.person("staff", f"alone{number}@example.com", permission)
        others = shop.person("staff", f"others{number}@example.com", *(every - {permission}))
        for address in addresses:
            assert alone.get(address).status_code != 403, f"{permission} {address}"
            assert others.get(address).status_code == 403, f"without {permission} {address}"


def test_what_somebody_may_not_do_is_not_offered(counter):
    reader = counter.shop.person("staff", "reader@example.com")
    for path, words in {
        "subscriptions/1": ("Suspend", "Cancel"),
        "services/1": ("Bring in step now",),
        "panels": ("Add a panel",),
        "panels/1": ("Check now", "Settings", "Maintenance"),
        "plugins": ("Switch off",),
        "switches": ("Stop all",),
        "catalogue/1": ("Retire",),
    }.items():
        offered, shown = counter.get(f"/admin/{path}").text, reader.get(f"/admin/{path}").text
        for word in words:
            assert f">{word}" in offered, f"{path}: {word}"
            assert f">{word}" not in shown, f"{path}: {word}"


def test_a_form_from_elsewhere_is_refused(counter):
    answer = counter.staff.client.post("/admin/subscriptions/1/suspend", data={"reason": "forged"})
    assert answer.status_code == 400
    assert counter.trail("subscriptions.suspend") == []
