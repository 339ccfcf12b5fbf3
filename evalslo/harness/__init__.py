"""The path of the data; read run.py first."""
