"""How sure the figures are: intervals, calibration, prediction sets, familiarity and the decision they lead to.

NumPy and SciPy only: arrays in, numbers out. Nothing here knows of networks, files or run folders.
"""
