"""SQL as the store uses it: the two dialects, batches, times, texts, faults. No table of ours."""
