"""The machine below: files, cache, processes, progress."""
