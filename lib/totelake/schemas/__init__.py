"""Schemas compared: the classes of change, what each reaches, and how people read it. Decides, reads nothing."""
