"""Deterministic predictions: learning times, inner solutions of the stages, finite size, and the least risk."""
