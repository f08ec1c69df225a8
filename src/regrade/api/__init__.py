"""The Python face: what the commands do, as functions and objects.

=============  ===========================================================
:mod:`.card`   a card: its samples, a run of it, scores of answers to it
=============  ===========================================================
"""
