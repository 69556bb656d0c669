"""The book and its tests on a GPU: `make gpu-test`."""
