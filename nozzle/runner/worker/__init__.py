"""What runs inside a kernel's process, under the project's interpreter and not under nozzle's.

Single-threaded, so that it can be forked. It imports the standard library and the IPython of that interpreter, nothing
of nozzle, and runs on Python 3.10 and newer. It decides nothing: which cell runs, when to stop, what an
output may cost, all of that is the host's.
"""
