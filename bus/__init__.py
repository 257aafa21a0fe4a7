"""How it travels. A file here does no I/O; a folder here touches one part of the world; only `cli/` knows everybody."""
