"""
A headless Chromium that speaks to nobody but the page: driver and browser are named, so nothing is fetched for it.

Its logs are kept: what a policy forbids, and what fails on a page, stands there.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

from tests.tools import need

ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",  # tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--force-prefers-reduced-motion",
)
LOAD_S: Final = 20.0

Scheme = Literal["light", "dark"]


class Window:
    """A browser's window."""

    def __init__(self, driver: Chrome) -> None:
        """Steer this driver."""
        self.driver = driver

    def open(self, url: str) -> None:
        """Go to an address and wait until it is shown."""
        self.driver.get(url)

    def follow(self, element: WebElement) -> None:
        """Click on what leads to another page, and wait until that is there."""
        element.click()
        WebDriverWait(self.driver, LOAD_S, poll_frequency=0.02).until(staleness_of(element))

    def shape(self, width: int, height: int = 900, *, scheme: Scheme = "light", medium: str = "screen") -> None:
        """Make it so large, light or dark, a screen or paper."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features, "media": medium})

    def let_scripts_run(self, answer: Literal["yes", "no"]) -> None:
        """Let pages run what they bring, or not."""
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": answer == "no"})

    def all(self, selector: str) -> list[WebElement]:
        """Find elements."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Find the one element."""
        (found,) = self.all(selector)
        return found

    def ask(self, script: str, *values: object) -> Any:
        """Run our own script in the page."""
        return self.driver.execute_script(script, *values)

    def ask_later(self, script: str, *values: object) -> Any:
        """Run our own script, which calls its last argument when it is done."""
        return self.driver.execute_async_script(script, *values)

    def complaints(self) -> list[Mapping[str, Any]]:
        """Take what the browser has logged since it was last asked."""
        return list(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]  # the library's

    def photograph(self, path: Path) -> None:
        """Keep what is shown as a PNG."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def open_window() -> Iterator[Window]:
    """Start the browser, and end it."""
    options = Options()
    options.binary_location = str(need("chromium"))
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(str(need("chromedriver"))))
    try:
        driver.set_page_load_timeout(LOAD_S)
        driver.set_script_timeout(LOAD_S)
        yield Window(driver)
    finally:
        driver.quit()
