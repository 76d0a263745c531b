"""Speed, direction, size, stiffness, tone and stay: what is usual where, how rare what is seen."""
