"""From a submission to its receipts, one file a step. Uses the outside world through the ports only."""
