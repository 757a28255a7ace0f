"""Deterministic predictions of paper 3: tangent kernel, linearised training, the kernel's power series, and the bounds."""
