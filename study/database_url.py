"""The URL of a study's database: what a spec may hold, what is opened, what may be shown."""

import os
import re
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from study.errors import LedgerError

__all__ = [
    "VARIABLE",
    "absolute",
    "check_url",
    "masked",
    "resolve_url",
    "shown",
    "without_password",
]

DATABASES = ("sqlite", "postgresql", "mysql")
SECRET_KEYS = ("password", "sslpassword")
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def check_url(text: str) -> str:
    """``text`` itself, if a spec may hold it; ``${NAME}`` stands for an environment variable.

    Raises:
        ValueError: it is no database URL, or it holds a password.
    """
    if VARIABLE.fullmatch(text):
        return text
    try:
        # A variable may stand for any part; digits fit everywhere, also as a port.
        one, two = (make_url(VARIABLE.sub(digit, text)) for digit in ("1", "2"))
    except (ArgumentError, ValueError):
        one = two = URL.create("none")
    if one.get_backend_name() not in DATABASES:
        raise ValueError(
            "must be a database URL such as sqlite:////absolute/path.db or "
            "postgresql://user:${DB_PASSWORD}@host/database, or null for SQLite in the study's "
            "directory"
        )
    if any(
        secret is not None and (secret, other) != ("1", "2")
        for secret, other in zip(_secrets(one), _secrets(two), strict=True)
    ):
        raise ValueError(
            "must hold no password, since it is written to the study's directory: write ${NAME} "
            "in its place and export NAME, or use PGPASSWORD or ~/.pgpass"
        )
    return text


def resolve_url(text: str) -> URL:
    """The URL to open: environment variables stand in their places.

    A variable that is the whole text holds a whole URL; one inside a URL holds one part of it,
    as it is (odd characters are escaped here).

    Raises:
        LedgerError: a variable is not set, or the result is no URL.
    """
    whole = VARIABLE.fullmatch(text) is not None

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if not os.environ.get(name):
            raise LedgerError(
                f"storage names the environment variable {name}, which must be set where the "
                "study runs, and is not."
            )
        return os.environ[name] if whole else _quoted(os.environ[name])

    try:
        url = make_url(VARIABLE.sub(value, text))
    except (ArgumentError, ValueError):
        url = URL.create("none")
    if url.get_backend_name() not in DATABASES:
        raise LedgerError(
            "storage must be a database URL once its environment variables are in place, and "
            f"{text!r} is none: it should read postgresql://user:password@host/database."
        )
    if url.host is not None and "@" in url.host:
        raise LedgerError(
            "A password with an @ in a database URL must have it written as %40; look at the "
            f"value behind {text!r}."
        )
    return url


def absolute(text: str, folder: Path) -> str:
    """``text``, with the file of an SQLite URL counted from ``folder`` if it is relative."""
    if VARIABLE.search(text):
        return text
    url = make_url(text)
    file = url.database
    if url.get_backend_name() != "sqlite" or not file or file.startswith((":", "file:", "/")):
        return text
    place = os.path.normpath(folder / file)
    return url.set(database=place).render_as_string(hide_password=False)


def shown(url: URL) -> str:
    """The URL without its password, for people."""
    hidden = url.update_query_dict({key: "***" for key in SECRET_KEYS if key in url.query})
    return hidden.render_as_string(hide_password=True)


def without_password(text: str) -> str:
    """A spec's URL without its password or the variable that stands for it, to compare two."""
    if VARIABLE.fullmatch(text):
        return text
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1@", text)


def masked(text: str) -> str:
    """``text`` that should be a URL and may be none, safe to be shown."""
    text = re.sub(r"(://[^:/]*):.*@", r"\1:***@", text)
    return re.sub(r"(password=)[^&]*", r"\1***", text)


def _secrets(url: URL) -> tuple[object, ...]:
    return (url.password, *(url.query.get(key) for key in SECRET_KEYS))


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="/")
