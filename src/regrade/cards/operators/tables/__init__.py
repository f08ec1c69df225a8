"""Steps on tables: made, cut, augmented, written as text.

===================  ===========================================
:mod:`.augmentors`   the same table told otherwise
:mod:`.cells`        tables made and cut
:mod:`.serializers`  lines, Markdown, JSON, HTML, code, an image
===================  ===========================================
"""
