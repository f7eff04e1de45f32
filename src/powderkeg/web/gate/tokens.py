"""The token: made once, printed once, kept as a hash; and the cookie a browser gets for it.

A token has 256 bits of randomness, so a plain hash of it cannot be turned back. A cookie says when it ends and is
signed with that hash: a new token ends all cookies.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Final

from powderkeg.domain.errors import ConfigError, StoreError

FILE_NAME: Final = "web-token.sha256"
COOKIE: Final = "powderkeg"
COOKIE_DAYS: Final = 30
MIN_TOKEN: Final = 24
"""Characters of a token that a person chooses: shorter ones can be guessed."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def make_token(data_dir: Path) -> str:
    """A new token; its hash is kept in the data directory, for the owner alone, in place of any before.

    Raises:
        StoreError: the file cannot be written.
    """
    token = secrets.token_urlsafe(32)
    path = data_dir / FILE_NAME
    scratch = data_dir / f".{FILE_NAME}.{secrets.token_hex(4)}"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(hash_of(token).hex())
        scratch.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}; the token has to be kept there") from error
    return token


def kept_hash(data_dir: Path, chosen: str = "") -> bytes | None:
    """The hash of the token in force: of the one the settings name, else the one kept; None where there is none.

    Raises:
        ConfigError: a chosen token is too short, or the file is no hash or open to others.
    """
    if chosen:
        if len(chosen) < MIN_TOKEN:
            raise ConfigError(f"web.token has {len(chosen)} characters; take at least {MIN_TOKEN}")
        return hash_of(chosen)
    path = data_dir / FILE_NAME
    try:
        text = path.read_text("ascii").strip()
        is_private = not path.stat().st_mode & 0o077
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; make a new one with powderkeg serve --new-token") from None
    if not _HASH.fullmatch(text) or not is_private:
        raise ConfigError(f"{path} is damaged or open to others; make a new one with powderkeg serve --new-token")
    return bytes.fromhex(text)


def is_token(told: str, token_hash: bytes) -> bool:
    """Whether it is the token, in constant time."""
    return hmac.compare_digest(hash_of(told), token_hash)


def cookie_of(token_hash: bytes, now_s: float) -> str:
    """The content of a new cookie."""
    until = str(int(now_s) + COOKIE_DAYS * 86_400)
    return f"{until}.{_signature(token_hash, until)}"


def is_cookie(told: str, token_hash: bytes, now_s: float) -> bool:
    """Whether it is a cookie of ours that has not ended, in constant time."""
    until, _, signature = told.partition(".")
    good = hmac.compare_digest(_signature(token_hash, until).encode(), signature.encode())
    return good and until.isdecimal() and len(until) <= 12 and int(until) > now_s


def _signature(token_hash: bytes, until: str) -> str:
    return hmac.new(token_hash, f"cookie {until}".encode(), hashlib.sha256).hexdigest()
