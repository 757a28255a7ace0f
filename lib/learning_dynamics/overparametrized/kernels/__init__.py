"""Compiled loops of part III: arrays in, arrays out, no checks."""
