"""Compiled loops of part I: arrays in, arrays out, no checks."""
