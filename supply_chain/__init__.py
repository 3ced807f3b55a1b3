"""What we are made of, and under which licences."""
