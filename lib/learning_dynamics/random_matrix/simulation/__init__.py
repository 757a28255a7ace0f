"""The experiments of paper 1: on drawn mixtures, on pools of given points, at doubled dimensions."""
