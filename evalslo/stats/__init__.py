"""Arrays in, bounds out; knows no language model. Every name here is listed in docs/statistics.md."""
