"""Tasks one by one, which defines what is computed, or side by side where that is exact."""
