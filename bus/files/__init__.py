"""What the bus keeps in files: the directory of agencies, keys. Reading and writing only; judging is done elsewhere."""
