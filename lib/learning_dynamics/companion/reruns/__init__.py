"""Runs at a reader's own parameters: one, or a grid of them."""
