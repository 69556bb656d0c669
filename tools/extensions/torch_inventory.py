"""Sphinx extension: links from the API reference to PyTorch's, without a network.

Intersphinx fetches a project's inventory when it builds. Ours is written from the few
names of `torch_objects.txt`; the weekly link check visits what they point to. Sphinx
reads text files too (version 1), but there a name is its own anchor, and autodoc reports
``torch.nn.modules.module.Module`` for what is documented as ``torch.nn.Module``.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

OBJECTS = Path(__file__).with_name("torch_objects.txt")
SITE = "https://docs.pytorch.org/docs/stable/"


def objects() -> Iterator[tuple[str, str, str]]:
    """(name, kind, address relative to `SITE`) of each line."""
    for line in OBJECTS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, kind, address = line.split()
            yield name, kind, address


def inventory() -> bytes:
    """The names in Sphinx's inventory format, version 2."""
    head = (
        "# Sphinx inventory version 2\n# Project: PyTorch\n# Version: \n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    lines = "".join(f"{name} {kind} 1 {address} -\n" for name, kind, address in objects())
    return head.encode() + zlib.compress(lines.encode())


def write_inventory(app: Sphinx, config: Config) -> None:
    """Write the inventory where intersphinx, which starts later, will read it."""
    path = Path(app.doctreedir) / "torch.inv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(inventory())
    config.intersphinx_mapping = {"torch": (SITE, str(path.resolve()))}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; intersphinx reads its setting with priority 800."""
    app.connect("config-inited", write_inventory, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
