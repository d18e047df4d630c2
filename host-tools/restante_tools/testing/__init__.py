"""Running the project's own tests, style checks and benchmarks."""
