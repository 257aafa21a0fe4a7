"""Keys and certificates: who signs, who opens, until when, and whom a trusted root vouches for. Does no I/O."""
