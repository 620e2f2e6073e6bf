"""The same model over more photos than one process should take: on Ray, on this machine or on a cluster."""
