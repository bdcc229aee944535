"""Care for the feature store: what is in it, is it sound, and what can go.

`info`, `verify`, `prune` and `clear` look after a cache folder while other runs use it.
"""

from .store import Damage, StoreInfo, clear, info, prune, verify

__all__ = ["Damage", "StoreInfo", "clear", "info", "prune", "verify"]
