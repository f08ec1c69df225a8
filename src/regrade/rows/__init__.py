"""Rows: where records come from.

=======================  ============================================================================
:mod:`.loaders`          where a card's rows come from
:mod:`.source`           sources, chunks and the contract of readers
:mod:`.discover`         from paths to sources: which reader opens which file
:mod:`.guard`            the border between data and the rest: an exception costs its row or its file
:mod:`.lm_eval_results`  lm-evaluation-harness's results files
:mod:`.readers`          one module per format
:mod:`.score_columns`    columns that already are scores
:mod:`.joins`            answers in one file joined to documents in another
=======================  ============================================================================
"""
