"""A photo -> the model's answer. No pages.

The way of an upload: received within the limits (`limits.py`), checked and decoded once (`uploads.py`), asked in a
batch with others (`service.py`, `batching.py`), shown by whoever asked. `asking.py` walks it, within one deadline.
"""
