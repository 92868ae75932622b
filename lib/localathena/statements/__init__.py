"""What a statement asks for, and how each kind is carried out."""
