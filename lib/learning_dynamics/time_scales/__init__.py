"""Paper 2: learning time-scales in two-layers neural networks."""
