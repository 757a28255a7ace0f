"""What every room of the companion needs: where things are, what is whose, files, processes, errors in one sentence."""
