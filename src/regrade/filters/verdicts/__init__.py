"""Reading a judge's verdict out of its words: one reader per form, which gives the verdict or says why there is none.

==================  ====================================================================================================
:mod:`.candidates`  what stands in a text as a verdict might, and which of them is meant
:mod:`.ratings`     numbers on a scale
:mod:`.choices`     one of two answers, or one of several options
:mod:`.objects`     fields of JSON objects, whole or sloppy
:mod:`.reader`      the readers
:mod:`.filters`     filters that read a judge's verdict: out of FastChat's words, out of any judge's, and of several
                    repeats
==================  ====================================================================================================
"""
