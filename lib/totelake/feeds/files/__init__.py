"""Files in a bucket as a source: listed, each read once, its records taken."""
