"""Sphinx extensions of this book alone; `_config.yml` lists them."""
