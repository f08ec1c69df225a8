"""Steps on images.

==================  ==================================================
:mod:`.augmentors`  the same picture in grey, behind lines, noisy, old
:mod:`.pixels`      images, as objects of the package Pillow
==================  ==================================================
"""
