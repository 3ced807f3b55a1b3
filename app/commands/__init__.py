"""The commands of `bridge` that do more than start a role, one file each; main.py registers them."""
