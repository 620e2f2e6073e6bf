"""Six kinds of scene drawn from random numbers, with faults planted on request."""
