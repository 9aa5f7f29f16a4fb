"""Kernels on other machines: nozzle's own workers, begun there, spoken to over one line of bytes.

Whatever carries bytes both ways will do: ssh, or a task on a Dask worker. The far side gets our sources and needs only
Python with IPython; its states are kept there, and go when the line does.
"""
