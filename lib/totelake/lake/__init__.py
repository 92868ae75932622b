"""The lake: the commit protocol, object layout, partitions and views that publish a batch."""
