"""Fakes of the plugins of Pulumi: they play AWS for a real engine, and are not it.

`world.py` is what a test sees of them. A plugin is a process that the engine starts and ends.
"""
