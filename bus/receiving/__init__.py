"""From an arrival to a filed document, one file a step. Uses the outside world through the ports only."""
