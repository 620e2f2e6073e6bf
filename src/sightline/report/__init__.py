"""A run or a dataset -> one HTML file that a person reads."""
