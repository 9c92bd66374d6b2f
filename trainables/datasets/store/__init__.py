"""Images that all processes of a machine share: made once, then mapped from a cache directory."""
