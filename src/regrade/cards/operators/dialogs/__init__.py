"""Steps on dialogs, calls of tools, and the verdicts of judges.

==================  ==================================
:mod:`.judgments`   a judge's verdict
:mod:`.tool_calls`  calls of tools in a model's answer
:mod:`.turns`       turns of a dialog
==================  ==================================
"""
