"""From executed chapters to the site that readers load."""
