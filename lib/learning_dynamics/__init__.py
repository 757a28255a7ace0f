"""Code behind an executable companion to three theory papers on learning dynamics."""
