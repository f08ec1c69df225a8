"""The store: a run on disk, and samples at rest.

=================  ================================================================
:mod:`.samples`    samples at rest: Parquet or JSON lines
:mod:`.answers`    what a run's journal says of every sample
:mod:`.judge_run`  a judge's run: what was asked about, and what was said
:mod:`.run`        a run's folder: what was asked of whom, and every word that came
:mod:`.journal`    answers as they come, on disk before they count
:mod:`.cache`      answers of all runs, by what was asked
:mod:`.workspace`  the folder of all runs
=================  ================================================================
"""
