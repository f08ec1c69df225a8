"""Metrics that ask a model: read, checked and listed, not carried out.

================  ================================================================================
:mod:`.judges`    judges by :mod:`.criteria`, asked of :mod:`.engines`: described, not carried out
:mod:`.models`    metrics that ask a model: described, not carried out
:mod:`.criteria`  what judges judge by, and operators that make it of a row's field
:mod:`.engines`   who judges are: descriptions of models and providers, as catalogues have them
================  ================================================================================
"""
