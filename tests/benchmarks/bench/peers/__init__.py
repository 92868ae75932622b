"""Other ways to do what totelake does, each set up at its best, as programs of their own."""
