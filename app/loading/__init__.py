"""Initial loads: files of changes, and of the bindings of a store that exists already."""
