"""How fast totelake is beside other ways to do the same work: `make bench`."""
