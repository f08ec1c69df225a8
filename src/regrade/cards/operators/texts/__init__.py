"""Steps on texts: cut, matched, extracted, brought into a normal form.

====================  =================================================================
:mod:`.augment`       changes of a task's inputs, to see whether answers depend on them
:mod:`.cutting`       cutting, joining, replacing
:mod:`.extraction`    an answer out of a text, or that there was none
:mod:`.normal_forms`  letter case, articles, punctuation, white space
:mod:`.processors`    postprocessors: from what a model said to what metrics see
:mod:`.spans`         spans of a text and their labels
:mod:`.sql`           the SQL query in a model's answer
:mod:`.yes_no`        one of a few words of an answer
====================  =================================================================
"""
