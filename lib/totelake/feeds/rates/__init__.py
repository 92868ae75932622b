"""Exchange rates: who provides them, how they are fetched, which days are wanted, and the job that commits them."""
