"""The operator's commands: one file each, registered in app/main.py."""
