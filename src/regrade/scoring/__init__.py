"""Scoring: what an answer is worth.

=======================  ==============================================================
:mod:`.score`            scoring from paths and options: the front door of this room
:mod:`.options`          what a user may ask
:mod:`.plan`             what is to be scored and how, decided before any chunk is read
:mod:`.planned`          from a source and the options to the jobs that score it
:mod:`.running`          the jobs on their way through an engine
:mod:`.chunk`            one chunk: read, filter, measure
:mod:`.conditions`       which rows count, and what they are grouped by
:mod:`.recorded_hashes`  whether a row holds what its recorded hashes are of
:mod:`.breaker`          the end of scoring that gets nowhere
:mod:`.extracted`        what a pipeline took from answers, and what of it cannot be measured
:mod:`.block`            what a chunk gives, and joining blocks
:mod:`.parts`            several runs in one file, and repeated rows
:mod:`.file_rows`        a source's rows read once more
:mod:`.gates`            ``--fail-under``: the least that a value may be
:mod:`.selection`        why an expression leaves nothing
:mod:`.summarise`        from joined blocks to results
:mod:`.results`          results and counts
:mod:`.scores`           everything a command gives
:mod:`.failures`         what samples count as that could not be scored
:mod:`.check`            comparison with what a log recorded
:mod:`.compare`          paired comparison of two runs
:mod:`.comparison`       what such a comparison says
:mod:`.power`            what a number of samples can show
:mod:`.pairing`          which sample of one run is which of another
:mod:`.browse`           looking at samples
=======================  ==============================================================
"""
