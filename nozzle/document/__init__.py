"""The journal as values: text in, values and edits out.

Pure: nothing in this room reads a file, a clock, a network or a process, so all of it can be tested with strings.
"""
