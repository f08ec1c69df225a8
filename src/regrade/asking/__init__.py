"""Runs: who is asked what, and what is still missing.

================  =============================================================
:mod:`.ask`       asks for what is missing
:mod:`.requests`  from samples to requests
:mod:`.launch`    from prepared samples to a run, and from a run to its answers
================  =============================================================
"""
