"""Deterministic predictions of paper 1."""
