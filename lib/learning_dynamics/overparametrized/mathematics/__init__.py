"""What part III needs of mathematics before there is a model: the linearisation of a network, and tests of whole curves."""
