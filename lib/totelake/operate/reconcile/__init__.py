"""Source, lake and warehouse held against each other, each at its own batch: what differs beyond work in progress."""
