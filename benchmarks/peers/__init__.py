"""Samplers to compare, each behind the same small call, each run in a process of its own.

A peer is a module that reads a job from standard input and prints what came of it, see `job`.
It is run as ``python -m peers.NAME`` from the benchmarks' folder, by the Python of whatever
environment that sampler is installed in.
"""
