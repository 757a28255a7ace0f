"""Compiled loops of this wing: arrays in, arrays out, no checks."""
