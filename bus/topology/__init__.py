"""The topology that a broker should have, and the drift of a broker from it. Does no I/O."""
