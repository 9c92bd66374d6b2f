"""A report in a headless Chromium without a network, and what it does that it should not."""

import shutil
from typing import Any

import pytest

__all__ = ["CHROMIUM", "READY", "launch", "opened"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
READY = "'ready' in document.documentElement.dataset"


def launch(driver: Any) -> Any:
    """A Chromium of playwright's ``driver``; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("chromium is not on the PATH")
    return driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def opened(browser: Any, address: str, **options: Any) -> tuple[Any, list[str]]:
    """The report in a tab, ready but for its figures, and the noise that it makes."""
    size = options.pop("viewport", {"width": 1280, "height": 800})
    tab = browser.new_page(viewport=size, offline=True, **options)
    noise: list[str] = []

    def requested(request: Any) -> None:
        if not request.url.startswith(("file://", "data:")):
            noise.append(f"request: {request.url}")

    def asked(dialog: Any) -> None:
        noise.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    tab.on("console", lambda message: noise.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: noise.append(f"error: {error}"))
    tab.on("request", requested)
    tab.on("dialog", asked)
    tab.goto(address)
    tab.wait_for_function(READY)
    return tab, noise
