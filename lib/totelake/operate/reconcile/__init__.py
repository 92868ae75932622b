"""Source, lake and warehouse compared, each at its own batch: what differs beyond work in progress."""
