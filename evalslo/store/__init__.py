"""What is kept: the run folder, its append-only logs and its manifest."""
