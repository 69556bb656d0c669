"""Quicker ways to the numbers of the meta-learner: see README.md in this folder."""
