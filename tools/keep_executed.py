"""Put notebooks that nbval has executed where the build of the book finds them.

`make test` executes every chapter; `make book` after it, with msr and the chapters as
they were, need not do so again. Pages show the outputs of that execution.

Usage: python -m tools.keep_executed FOLDER    (of pytest's option --executed)
"""

import sys
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from tools.executed import chapters
from tools.extensions.execution_cache import cache_folder

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Keep every notebook of the folder that ran to its end without a failure."""
    kept = keep(Path(arguments[0]), cache_folder(ROOT / "_build"))
    print(f"kept the outputs of {len(kept)} notebooks for make book: {', '.join(kept)}")
    return 0


def keep(folder: Path, cache: Path, sources: Path = ROOT / "book") -> list[str]:
    """Put notebooks into a Jupyter cache; returns the names of those that are there now.

    Args:
        folder: executed notebooks, with what is noted of each.
        cache: folder of the cache.
        sources: where the notebooks were executed.
    """
    kept = []
    for name, record in chapters(folder).items():
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        if record["failed"] or record["cells"] != len(cells):
            continue
        bundle = CacheBundleIn(
            notebook,
            str(sources / f"{name}.ipynb"),
            data={"execution_seconds": record["seconds"]},
        )
        get_cache(cache).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        kept.append(name)
    return kept


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
