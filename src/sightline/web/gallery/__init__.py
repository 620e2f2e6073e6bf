"""The Data pages: the photos of a run's dataset, filtered and paged."""
