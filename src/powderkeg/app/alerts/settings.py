"""The section [alerts] of the settings: which rules, when, and where to."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Mode = Literal["on", "silent", "off"]
_MODE = "on, silent (kept and shown, not sent) or off"


class AlertSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is told, and to whom."""

    enabled: Annotated[
        bool, msgspec.Meta(description="watch for alerts beside collect, watch and serve; so does any address below")
    ] = False
    coins: Annotated[
        str, msgspec.Meta(description="coins whose map and ladder are looked at, with commas; none means the largest")
    ] = ""
    telegram_url: Annotated[str, msgspec.Meta(description="tgram://BOT_TOKEN/CHAT_ID")] = ""
    discord_url: Annotated[str, msgspec.Meta(description="https://discord.com/api/webhooks/ID/TOKEN")] = ""
    slack_url: Annotated[str, msgspec.Meta(description="https://hooks.slack.com/services/A/B/C")] = ""
    mail_url: Annotated[str, msgspec.Meta(description="mailtos://USER:PASSWORD@HOST?to=NAME@HOST")] = ""
    webhook_url: Annotated[str, msgspec.Meta(description="https://HOST/PATH; takes JSON")] = ""
    allow: Annotated[
        str, msgspec.Meta(description="addresses, networks or host names that are not public and may be sent to")
    ] = ""
    dashboard: Annotated[
        str, msgspec.Meta(description="begin of the links in messages", pattern="^https?://[^ ]+$")
    ] = "http://127.0.0.1:8765"
    digest: Annotated[str, msgspec.Meta(description="gather alerts for so long into one message, such as 15m")] = ""
    quiet_hours: Annotated[str, msgspec.Meta(description="nothing is sent then, such as 22:00-07:00")] = ""
    zone: Annotated[str, msgspec.Meta(description="time zone of the quiet hours, such as Europe/Berlin")] = "UTC"
    map_every: Annotated[str, msgspec.Meta(description="how often map and ladder are read")] = "10m"
    cascade_started: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    reproduction_above_one: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    fuel_near_price: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    large_liquidation: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    funding_extreme: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    open_interest_surge: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    feed_gap: Annotated[Mode, msgspec.Meta(description=_MODE)] = "on"
    cascade_min_usd: Annotated[float, msgspec.Meta(gt=0, description="least of five minutes, USD")] = 5e6
    cascade_multiple: Annotated[float, msgspec.Meta(gt=0, description="times the usual five minutes")] = 8.0
    reproduction_ratio: Annotated[float, msgspec.Meta(gt=0, description="R that alerts")] = 1.0
    fuel_multiple: Annotated[float, msgspec.Meta(gt=0, description="times the average of the map nearby")] = 1.0
    fuel_within_ratio: Annotated[float, msgspec.Meta(gt=0, le=0.1, description="how near, share of the price")] = 0.01
    liquidation_min_usd: Annotated[float, msgspec.Meta(gt=0, description="least of a single order, USD")] = 1e6
    funding_year_ratio: Annotated[float, msgspec.Meta(gt=0, description="a year of the rate; 0.6 is 60 %")] = 0.6
    open_interest_ratio: Annotated[float, msgspec.Meta(gt=0, description="rise within an hour")] = 0.08
    gap_s: Annotated[float, msgspec.Meta(gt=0, description="least length of a gap, seconds")] = 60.0
