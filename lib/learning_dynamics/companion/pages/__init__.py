"""Pages that the build writes from the registry and the records."""
