"""A name -> a network: its weights, its head, what learns, and the fastest engine here."""
