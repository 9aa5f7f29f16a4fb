"""The words of the command line, one file each: each brings rooms together for one purpose, and none holds state.

A word imports its rooms inside its body, so that help stays instant.
"""
