"""What may be wrong with a dataset: copies, leaks, wrong labels, bad files, outliers. No network inside."""
