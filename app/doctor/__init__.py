"""`bridge doctor`: each part of the whole is asked once, and what is not in order comes with its remedy.

Nothing is written, in VTEX or in the database, but budgets; a callback is sent only if it is asked for.
"""
