"""Files on disk: the directory, keys, credentials, a pilot's authority. Reading and writing only; nothing is judged."""
