"""What collecting costs beside a bare loop, and how exact its times are: `python -m benchmarks.collecting`."""
