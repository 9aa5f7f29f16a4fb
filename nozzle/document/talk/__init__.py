"""Talk that was held elsewhere, brought in as an entry: who said what, and where one voice ends and the other begins.

A machine's turn stands in an envelope, `nozzle:quote`, and everything in it is opaque: it is never the author's word,
and a cell in it never runs. Where a log does not say where the author speaks again, the place is guessed, the guess is
marked as one, and moving that one line puts it right. It reads text and returns text.
"""
