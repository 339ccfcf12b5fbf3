"""One sample in, one score out; knows no objective."""
