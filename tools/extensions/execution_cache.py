"""Sphinx extension: executed notebooks are kept, and forgotten when the package changes.

Jupyter's cache finds a notebook by the source of its code cells. What a cell prints
depends on `msr` and on the pinned versions too. So there is one cache for each state of
these, in a folder named by their digest; the folders of other states are removed.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

from tools.digests import sha256_of_files

ROOT = Path(__file__).resolve().parents[2]
# The recorded results are package data: chapters read them as part of `msr`.
INPUTS = ("msr/**/*.py", "msr/data/*", "results/*.json", "constraints.txt")


def inputs(root: Path = ROOT) -> Iterator[Path]:
    """The files, besides the notebook, that its outputs depend on."""
    for pattern in INPUTS:
        yield from sorted(path for path in root.glob(pattern) if path.is_file())


def digest(root: Path = ROOT) -> str:
    """Of the names and the contents of `inputs`: 16 hexadecimal digits."""
    files = ((path.relative_to(root).as_posix(), path) for path in inputs(root))
    return sha256_of_files(files)[:16]


def cache_folder(build: Path) -> Path:
    """The cache of this state, in the folder of built books."""
    return build / ".jupyter_cache" / digest()


def choose_folder(app: Sphinx, config: Config) -> None:
    """Point MyST-NB to the cache of this state, and remove those of other states."""
    chosen = cache_folder(Path(app.outdir).parent)
    for folder in chosen.parent.glob("*"):
        if folder != chosen:
            logging.getLogger(__name__).info(
                "msr or a pin changed: %s is stale", folder.name
            )
            shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
    config.nb_execution_cache_path = str(chosen)
    os.environ["TQDM_DISABLE"] = "1"  # a bar would stay behind in a page


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension; MyST-NB reads the setting when the builder starts."""
    app.connect("config-inited", choose_folder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
