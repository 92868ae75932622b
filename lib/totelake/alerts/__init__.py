"""Alerts: what is worth one, all their wording, where they are kept, and who sends them."""
