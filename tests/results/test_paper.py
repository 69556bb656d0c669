"""The numbers that the paper prints."""

import msr
from msr.experiments.registry import EXPERIMENTS
from msr.results.paper import PRINTED


def test_the_papers_numbers() -> None:
    table = msr.paper_table("translation")
    assert table["MSR-FC"]["small/k=5"] == (0.16, 0.02)
    assert table["MTSR-FC"]["large/k=1"] == (0.12, 0.03)
    assert msr.paper_table("rotation")["MAML-Conv"] == {
        "Rot": (0.504, None),
        "Rot+Flip": (0.507, None),
    }
    assert msr.paper_table("support") == {}


def test_every_experiment_is_known_to_be_printed_or_not() -> None:
    assert PRINTED.keys() == EXPERIMENTS.keys()
