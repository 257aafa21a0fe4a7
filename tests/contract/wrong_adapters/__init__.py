"""A document system in a few tables, a right adapter of it, and wrong ones: the suite must tell them apart."""
