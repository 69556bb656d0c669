"""Commands for those who write the book; `make` calls them."""
