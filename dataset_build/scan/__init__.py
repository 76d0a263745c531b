"""One pass over a source: rows, quality in numbers, and all masks in one file."""
