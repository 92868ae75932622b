"""The Data Catalog as schema registry: what arrives is held against the contracts before anything is built on it."""
