"""Which changes of totesys a reader loses: hazards on a real PostgreSQL, with several readers following it."""
