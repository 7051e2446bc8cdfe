"""CubeQL beside its peers, on the same landscape: ``python -m benchmarks.peers``."""
