"""Code behind an executable companion to three theory papers on learning dynamics."""

from ._cache import provide_cache

provide_cache()
del provide_cache
