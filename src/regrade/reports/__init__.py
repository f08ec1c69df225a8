"""Reports: what people and machines look at. Nothing here recomputes a score.

=====================  ====================================================
:mod:`.text`           tables of text for terminals
:mod:`.notes`          sentences below a table
:mod:`.summary`        the table that ``regrade score`` prints
:mod:`.layout`         the JSON of ``--json`` and ``results.json``
:mod:`.tables`         per-sample values as an Arrow table
:mod:`.checks`         the table of ``--check``
:mod:`.comparison`     the page that ``regrade compare`` prints
:mod:`.power`          the page that ``regrade power`` prints
:mod:`.samples`        the cards that ``regrade show`` prints
:mod:`.wide`           a row per run and a column per group
:mod:`.radar`          radar charts, drawn by :mod:`.drawing`
:mod:`.drawing`        lines, areas and texts as SVG and PNG
:mod:`.cards`          what a card did, step by step
:mod:`.asking`         what asking came to, below the scores of ``regrade run``
:mod:`.conversion`     what ``regrade convert`` and ``regrade detect`` print
:mod:`.html`           a page of text as HTML, for notebooks
:mod:`.judging`        what ``regrade judge`` prints below the scores
:mod:`.agreement`      what ``regrade agree`` prints
:mod:`.export`         runs and scores in the formats of other tools
:mod:`.scores_folder`  ``scores.parquet`` and ``results.json`` of a scoring
=====================  ====================================================
"""
