"""Sphinx extension: where this build will be served, and which version it is.

The site's address follows from the repository's, for GitHub's pages. Two environment
variables change it: `BOOK_URL`, the address of the site, and `BOOK_REF`, the tag or
branch that links to sources and notebooks lead to.
"""

import os
from html import escape
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

import msr
from tools.repository import site_address

NOT_FOUND = """\
<h1>This page does not exist</h1>
<p>The address has a mistake in it, or the page has moved. These lead on:</p>
<ul>
<li><a href="{home}">The book's first page</a>, with all chapters</li>
<li><a href="{home}search.html">Search</a></li>
<li><a href="{issues}">Tell us about a broken link</a></li>
</ul>
"""


def set_addresses(app: Sphinx, config: Config) -> None:
    """Give the addresses to the extensions and the theme that need them."""
    options = config.html_theme_options
    site = os.environ.get("BOOK_URL") or site_address(options["repository_url"])
    site = site.rstrip("/") + "/"
    options["repository_branch"] = (
        os.environ.get("BOOK_REF") or options["repository_branch"]
    )
    options["extra_footer"] = f"<p>Version {msr.__version__}. MIT License.</p>"
    config.html_baseurl = site
    config.ogp_site_url = site
    config.ogp_social_cards["site_url"] = urlsplit(site).netloc  # all has no room
    home = urlsplit(site).path
    config.notfound_urls_prefix = home
    issues = f"{options['repository_url']}/issues"
    config.notfound_context = {
        "title": "Page not found",
        "body": NOT_FOUND.format(home=escape(home), issues=escape(issues)),
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension, ahead of those that use what it sets."""
    app.connect("config-inited", set_addresses, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
