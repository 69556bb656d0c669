"""Colours and lines that readers of every colour vision can tell apart."""

# Okabe and Ito's
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
DIVERGING = "RdBu_r"
LINES = ("-", "--", ":", "-.", (0, (1, 3)))
