"""The ledger: key and row hash of every captured row, its files, and the merge of it with the source."""
