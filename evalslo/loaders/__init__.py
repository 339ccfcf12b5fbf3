"""Files and hubs in, nouns out; all faults of a file at once."""
