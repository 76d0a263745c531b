"""What each stage's table must look like, judged by Great Expectations."""
