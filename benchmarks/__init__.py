"""Benchmarks; run as `python -m benchmarks.NAME`. Nothing here is a test."""
