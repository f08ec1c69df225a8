"""What the commands do, as functions: :mod:`regrade` has them under their names.

===================  =========================================================
:mod:`.score`        score saved answers again; :mod:`.scores` is what it gives
:mod:`.load_scores`  read scores that were written before
:mod:`.compare`      compare two runs
:mod:`.show`         look at samples
:mod:`.power`        what a number of samples can show
:mod:`.export`       write scores in the format of another tool
:mod:`.run`          ask a model every question of a card or task
:mod:`.resume`       ask for what a run lacks
:mod:`.judge`        have a judge look at answers
:mod:`.estimate`     what asking would take
:mod:`.asking`       what these four share; :mod:`.outcome` is what they give
:mod:`.score_run`    score a run, and keep the scores in its folder
:mod:`.agree`        compare two judges, or a judge and people
:mod:`.runs`         list the runs of a workspace
:mod:`.card`         load a card, make its samples, score answers to them
:mod:`.artifacts`    look into catalogs, check artifacts
:mod:`.convert`      chat data to messages; which format files are of
:mod:`.formats`      the formats that can be read
:mod:`.examples`     the bundled examples
:mod:`.explain`      what an error's code means
:mod:`.views`        pages for notebooks, tables of other packages
===================  =========================================================
"""
