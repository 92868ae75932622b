"""Athena's SQL, read with the types of a catalogue and put into DuckDB's words, or refused as Athena refuses it."""
