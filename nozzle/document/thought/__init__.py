"""What the author thinks aloud: tasks, questions, decisions and their reversals, found by cue words and shapes.

No model is asked. A rule is a row of a table; whoever wants to know why a line was taken for a task can read the row.
What is found always points at lines of the author's own: words in envelopes, quotes and cells are none.
"""
