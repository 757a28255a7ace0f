"""What part I needs of mathematics before there is a model: filters, quadrature, whitening, and points with labels."""
