"""The pages of the book, and a visit to one."""

from pathlib import Path
from urllib.parse import urlsplit

import yaml
from playwright.sync_api import ConsoleMessage, Page, Response, Route

from tools.repository import address, site_address

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
PREFIX = urlsplit(site_address(address())).path

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
SOURCES = [TOC["root"], *(c["file"] for part in TOC["parts"] for c in part["chapters"])]
BOOK = [f"{source}.html" for source in SOURCES]
NOTEBOOKS = [s + ".html" for s in SOURCES if (ROOT / f"{s}.ipynb").is_file()]
# The landing page too has a figure that answers.
CHAPTERS = BOOK[: 1 + len(TOC["parts"][0]["chapters"])]
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}
# Pages without a source of their own.
MADE = ["search.html", "genindex.html", "prf-prf.html", "404.html"]


class Visit:
    """An open page with what happened while it loaded.

    Attributes:
        path: the page's, from the top of the site.
        errors: what the console showed as errors, and exceptions of scripts.
        external: requests to other hosts. They are not let through.
        failed: requests to the site that got no file.
        size: bytes of all files received.
    """

    def __init__(self, page: Page, site: str, path: str) -> None:
        self.page, self.path = page, path
        self.errors: list[str] = []
        self.external: list[str] = []
        self.failed: list[str] = []
        self.size = 0
        self._site = site
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", self._note_response)
        page.route("**/*", self._let_through_or_not)
        page.goto(site + path, wait_until="networkidle")
        page.wait_for_function("window.MathJax === undefined || MathJax.startup?.promise")
        page.evaluate("async () => { await window.MathJax?.startup?.promise }")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.failed.append(response.url)
        else:
            # of a header: to wait for the body here would race with the page's end
            self.size += int(response.headers.get("content-length", 0))

    def _let_through_or_not(self, route: Route) -> None:
        if route.request.url.startswith(self._site):
            route.continue_()
        else:
            self.external.append(route.request.url)
            route.abort()
