"""The gate in front of an AWS endpoint on one machine: only requests that its own key has signed get through."""
