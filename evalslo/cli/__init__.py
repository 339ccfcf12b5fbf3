"""One file a verb; the only reader of clock, environment and terminal."""
