"""Rows: where records come from.

=======================  ==========================================================================
:mod:`.source`           sources, chunks and the contract of readers
:mod:`.discover`         from paths to sources: which reader opens which file
:mod:`.guard`            the border between data and the rest: an exception costs its row or its file
:mod:`.files`            files as bytes and lines: compression, chunks
:mod:`.json_lines`       JSON values of lines, as tools really write them
:mod:`.recorded_values`  values that logs hold as the texts of arrays and numpy scalars
:mod:`.lm_eval_results`  lm-evaluation-harness's results files
:mod:`.readers`          one module per format
:mod:`.location`         where inputs are: paths of this machine, URLs of object stores and servers
:mod:`.downloads`        files of web servers, fetched once and kept
:mod:`.hub`              data sets of the Hugging Face hub as files to read
:mod:`.table_files`      tables in files, as rows
:mod:`.delimited`        delimited text as records, of which a broken one costs itself
:mod:`.columns`          which columns hold answers, references and ids
:mod:`.score_columns`    columns that already are scores
:mod:`.joins`            answers in one file joined to documents in another
:mod:`.unpacking`        zip archives of logs, unpacked while the process lasts
:mod:`.workbooks`        tables in Excel workbooks
:mod:`.zip_members`      members of zip archives
:mod:`.run_answers`      what a run's journal says of every sample
:mod:`.judge_run`        a judge's run: what was asked about, and what was said
:mod:`.chat`             chat formats, and each as OpenAI messages
:mod:`.convert`          ``regrade convert``: chat data of any format into another
=======================  ==========================================================================
"""
