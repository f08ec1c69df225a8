"""Chat datasets from files to files: chunks are read, converted and written side by side.

==========================  ==========================================================================
:mod:`.inputs`              what a person names: files, folders, standard input, URLs, hubs; their shares
:mod:`.blocks`              files as blocks of whole lines
:mod:`.rows`                files of any kind as JSON lines, by chunks; rows spread through a file
:mod:`.survey`              what an input is: its format, its columns
:mod:`.regular`             decoders made to measure for the rows that most rows of a file are like
:mod:`.lines`               converting one line: the complete way
:mod:`.table_schema`        the columns of Parquet and Arrow outputs, and rows put into them
:mod:`.columns`             columns being filled
:mod:`.parquet_footer`      Parquet files made of parts
:mod:`.work`                what a process does with a chunk
:mod:`.encoded`             what comes out of it: lines, CSV or columns, in parts
:mod:`.counts`              what is counted on the way, and the reasons why rows are bad
:mod:`.outputs`             files, shards and standard output, whole or not there
:mod:`.quarantine`          the rows that could not be converted
:mod:`.mix`                 rows of several inputs in one order
:mod:`.ordered`             that order written to a file, and cut into shards
:mod:`.convert`             all of it: :func:`~regrade.chat.convert.convert.convert`
==========================  ==========================================================================
"""
