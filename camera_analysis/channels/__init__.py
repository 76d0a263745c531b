"""Speed, direction, size, tone and stay: what is usual where, and how rare what is seen."""
