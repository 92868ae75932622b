"""`make demo`: the main job on this machine, told as it happens."""
