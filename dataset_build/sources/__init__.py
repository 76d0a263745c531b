"""What there is to read: published layouts, their class ids, and sources of one's own."""
