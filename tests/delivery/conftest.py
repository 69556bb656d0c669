"""A browser, and the built pages behind a server on this machine."""

import functools
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pages import HTML, PREFIX, WIDE, Visit
from playwright.sync_api import Browser, sync_playwright

from helpers_project import missing
from tools.chromium import ARGUMENTS, chromium


class Handler(SimpleHTTPRequestHandler):
    """Serves the site under its path on GitHub's pages, and its own page for errors."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def translate_path(self, path: str) -> str:
        if not path.startswith(PREFIX):
            return str(HTML / "outside-of-the-site")
        return super().translate_path("/" + path.removeprefix(PREFIX))

    def send_error(self, code: int, *arguments: object) -> None:
        content = (HTML / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of the built site; ends with "/"."""
    if not (HTML / "index.html").is_file():
        pytest.fail("expected the built book in _build/html: run make book first")
    handler = functools.partial(Handler, directory=str(HTML))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        missing("Chromium is not installed: the pages were not opened in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def visit(browser: Browser, site: str) -> Iterator[Callable[[str], Visit]]:
    """Opens a page of the site: ``visit("book/intro.html")``."""
    contexts = []

    def open_page(path: str) -> Visit:
        for context in contexts:
            context.close()
        contexts[:] = [browser.new_context(viewport=WIDE, color_scheme="light")]
        return Visit(contexts[0].new_page(), site, path)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe(npm_packages: Path) -> str:
    """The source of axe-core, which finds what hinders readers."""
    return (npm_packages / "node_modules" / "axe-core" / "axe.min.js").read_text()
