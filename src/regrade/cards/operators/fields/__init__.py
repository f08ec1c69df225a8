"""Steps on the fields of a row, each by itself.

====================  ================================================================
:mod:`.collect`       what gathers values of a field, rows of a group, several streams
:mod:`.expressions`   expressions of Python over a row's fields
:mod:`.identity`      ids of rows
:mod:`.json_schemas`  JSON Schemas of what data sets of tools write in their place
:mod:`.json_values`   between values and their texts: JSON, and Python's literals
:mod:`.lists`         lists, tuples, sets and dicts in a field
:mod:`.members`       members of lists kept or taken away
:mod:`.naming`        fields renamed, copied, set, kept and taken away
:mod:`.reading`       what rows refer to: files, web pages, articles
:mod:`.records`       fields, pairs and triples written as text
:mod:`.sequences`     steps made of steps, and steps that rows name
:mod:`.values`        one value of another: mapped, cast, added to, divided
====================  ================================================================
"""
