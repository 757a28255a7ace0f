"""Running chapters: their kernel, several at a time, what is stale, how long it takes, and the certificate of a build."""
