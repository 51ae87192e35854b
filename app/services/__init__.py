"""What the pages ask for: runs, datasets, uploads, projections."""
