"""The command ``smartdownsample``: it parses, calls the library and writes what comes back.

A module for each command, imported when it is called.
"""

from .main import main

__all__ = ["main"]
