"""Predictions -> figures, slices, robustness, comparisons, heat maps."""
