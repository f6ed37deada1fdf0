"""Alerts on change: worse than before, unlike the usual, on the way to an end. Silent until there is a before."""
