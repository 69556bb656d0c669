"""Graded coursework: built with Otter-Grader, graded without Docker."""
