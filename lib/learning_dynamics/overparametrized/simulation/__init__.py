"""Networks that are trained: descent by three methods, and what is measured of it."""
