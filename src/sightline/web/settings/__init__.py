"""Django's settings: what is common, on this machine, in production."""
