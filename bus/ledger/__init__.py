"""The central record: what the audit stream told, what follows from it, and what people ask of it. Its own tables."""
