"""The peers of one kind of work: what each is given, its time, and whether its result is ours."""
