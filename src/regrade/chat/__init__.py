"""Chat datasets: any format in, OpenAI messages out.

=====================  ======================================================================================
:mod:`.convert`        ``regrade convert``: chat data of any format into another
:mod:`.message`        the one schema that everything is brought to
:mod:`.format`         the contract of formats
:mod:`.formats`        the formats, one class each
:mod:`.mapping`        what the user says about columns and roles
:mod:`.roles`          the names of the roles
:mod:`.turns`          lists of turns, under whatever keys
:mod:`.tool_calls`     calls of tools, their ids and results
:mod:`.recognise`      which format one row is of
:mod:`.detection`      which format a source is of
:mod:`.converter`      rows to messages, messages to other formats
:mod:`.alternation`    turns that follow each other
:mod:`.any_table`      ``to_messages`` for lists, iterators, Arrow tables and datasets
:mod:`.arrow_columns`  messages as columns of an Arrow table, where every value of a column has the same type
:mod:`.row_error`      what is wrong with one row of a chat dataset
:mod:`.split`          where a conversation's prompt ends
:mod:`.stored_text`    values that are stored as JSON text
=====================  ======================================================================================
"""
