"""The version, for the build and at run time."""

__version__ = "0.1.0"
