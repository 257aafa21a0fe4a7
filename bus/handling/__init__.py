"""What may follow what: tables of states and the functions that read them; deadlines. Does no I/O."""
