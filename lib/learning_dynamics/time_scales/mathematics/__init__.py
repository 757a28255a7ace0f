"""What part II needs of mathematics before there is a model: Hermite expansions, overlaps, the order of degrees, and steps in time."""
