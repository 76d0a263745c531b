"""What a network costs: time, memory, operations."""
