"""Text as each sink wants it, with everything from outside made inert: symbols and reasons are data, never markup.

Sources: Telegram Bot API "HTML style"; Discord "Message formatting"; Slack "Formatting text", read 2026-11.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Final, Literal

Markup = Literal["html", "markdown", "slack", "text"]

LONGEST: Final = {"html": 3_500, "markdown": 1_900, "slack": 3_000, "text": 20_000}
"""Below the limits of Telegram (4,096), Discord (2,000) and Slack (4,000), so that nothing is split."""

_MARKDOWN: Final = re.compile(r"([\\`*_~|>#\[\]()<:-])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def composed(title: str, paragraphs: list[str], markup: Markup) -> str:
    """Title and paragraphs as one text; cut between paragraphs where it is too long, and saying so."""
    escape = _ESCAPES[markup]
    heading = {"html": "<b>{}</b>", "markdown": "**{}**", "slack": "*{}*", "text": "{}"}[markup]
    limit = LONGEST[markup]
    whole = heading.format(escape(clean(title, 300)))
    for count, paragraph in enumerate(paragraphs):
        line = escape(clean(paragraph, 900))
        if len(whole) + len(line) + 60 > limit:
            return f"{whole}\n{escape(f'and {len(paragraphs) - count} more lines')}"
        whole = f"{whole}\n{line}"
    return whole


def clean(text: str, limit: int) -> str:
    """Without control and direction characters, on one line, and no longer than the limit."""
    flat = _CONTROL.sub("", text.replace("\n", " ").replace("\r", " "))
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def _html(text: str) -> str:
    return html.escape(text, quote=False)


def _markdown(text: str) -> str:
    # An address stays whole, else it is no link any more; a mention gets an invisible space.
    words = [word if _is_link(word) else _MARKDOWN.sub(r"\\\1", word) for word in text.split(" ")]
    return " ".join(words).replace("@", "@\u200b")


def _slack(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", "\u200b\\1", escaped).replace("@", "@\u200b")


def _is_link(word: str) -> bool:
    return re.fullmatch(r"https?://[A-Za-z0-9.:/?=&%_\-]+", word) is not None


_ESCAPES: Final[dict[Markup, Callable[[str], str]]] = {
    "html": _html,
    "markdown": _markdown,
    "slack": _slack,
    "text": lambda text: text,
}
