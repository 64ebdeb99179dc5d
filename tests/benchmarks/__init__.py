"""The product's goals, measured; `python -m tests.benchmarks` prints them."""
