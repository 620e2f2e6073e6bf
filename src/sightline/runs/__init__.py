"""The run folder: what is settled before a run, what it leaves, how often a test set was opened."""
