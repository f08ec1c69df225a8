"""The store: a run on disk, and samples at rest. Each file has one definition, for writers and readers.

======================  ==============================================================
:mod:`.manifest`        ``run.json``: what was asked of whom
:mod:`.samples`         samples at rest: Parquet or JSON lines
:mod:`.journal`         every word that came, as it lies on disk
:mod:`.journal_writer`  writing it: on disk before it counts
:mod:`.answers`         what a run's journal says of every sample
:mod:`.run`             a run's folder, for those who ask
:mod:`.judge_run`       a judge's run: what was asked about, and what was said
:mod:`.cache`           answers of all runs, by what was asked
:mod:`.workspace`       the folder of all runs
======================  ==============================================================
"""
