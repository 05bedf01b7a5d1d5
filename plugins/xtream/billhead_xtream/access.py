"""What a customer is given to watch with."""

from urllib.parse import urlencode

from billhead.plugin import Access, Desired
from billhead_xtream.accounts import LINE, MAG, Resource
from billhead_xtream.settings import XtreamSettings


def access_of(settings: XtreamSettings, resource: Resource, desired: Desired) -> Access:
    """A MAG gets the portal's address, a stream line its playlist; an Enigma2 device is known by its MAC alone."""
    server = settings.players
    if resource is MAG:
        return Access(portal_url=f"{server}/c/", server_url=server, mac=desired.mac or "")
    if resource is not LINE:
        return Access(server_url=server, mac=desired.mac or "")
    login = urlencode({"username": desired.login, "password": desired.password})
    return Access(
        login=desired.login,
        password=desired.password,
        m3u_url=f"{server}/get.php?{login}&type=m3u_plus&output=ts",
        epg_url=f"{server}/xmltv.php?{login}",
        server_url=server,
    )
