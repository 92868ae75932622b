"""Pages as HTML files: pieces that are escaped, the frame around them, and how a file is put in its place."""
