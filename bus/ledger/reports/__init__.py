"""Reports over a period: what was asked, its figures, and the file that people get. The same figures in every form."""
