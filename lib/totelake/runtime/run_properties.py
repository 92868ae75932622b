"""The properties of a workflow run that jobs read or set."""

from __future__ import annotations

# the newest batch that the builders of the run take; `.format(source=...)` fills in the source
BUILD_TO = "totelake:build_to:{source}"
# the run is to try the quarantined rows again
REPLAY = "totelake:replay"
# the star tables, with commas, that the run is to build anew from all accepted events
REBUILD = "totelake:rebuild"
# the tables, with commas, whose deletions pass however many they are
ALLOW_DELETES = "totelake:allow_deletes"
# what a job of several parts has done, in words; `.format(job=...)` fills in its name
PARTS = "totelake:parts:{job}"
