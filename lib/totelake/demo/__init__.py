"""`make demo`: the main job on this machine, step by step."""
