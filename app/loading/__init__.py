"""Files of an initial load: changes of any kind, and the bindings of a store that exists already."""
