"""What a chapter declares and leaves behind: registry, parameters, figures, tables and verdicts."""
