"""No page of another origin may ask, whatever it would do with the answer.

Programs send neither header and pass; browsers send them and cannot be kept from it by a page.
Sources: RFC 6454 (Origin), W3C Fetch Metadata (Sec-Fetch-Site), both read 2026-11.
"""

from __future__ import annotations

from powderkeg.web.faults import Refused

_OWN_SITES = frozenset({"same-origin", "none"})


def check_origin(headers: list[tuple[bytes, bytes]], authority: str, *, is_page: bool) -> None:
    """Let through what our own pages and programs ask.

    Args:
        headers: of the request, names in lower case.
        authority: host and port the request was sent to, checked before.
        is_page: the dashboard's document, which may be opened by a link from elsewhere.

    Raises:
        Refused: the Origin is another, `null`, or told twice; or the browser says that another site asks.
    """
    own = {f"http://{authority}", f"https://{authority}"}
    origins = [content.decode("latin-1").lower() for name, content in headers if name == b"origin"]
    if origins and (len(origins) > 1 or origins[0] not in own):
        raise _foreign()
    sites = [content.decode("latin-1").lower() for name, content in headers if name == b"sec-fetch-site"]
    if sites and not set(sites) <= _OWN_SITES:
        modes = [content.lower() for name, content in headers if name == b"sec-fetch-mode"]
        if not (is_page and modes == [b"navigate"]):
            raise _foreign()


def _foreign() -> Refused:
    return Refused(403, "foreign_origin", "a page of another origin may not ask; open the dashboard itself")
