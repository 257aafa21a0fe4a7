"""A TOML becomes running objects: the only place where store, broker, document system and keys meet."""
