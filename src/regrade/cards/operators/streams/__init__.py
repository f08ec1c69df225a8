"""Steps on whole streams: filtered, split, joined, mixed, shuffled.

======================  =================================================================
:mod:`.apply`           a named function: one of a list, since cards bring none
:mod:`.balance`         as many rows of each kind
:mod:`.explode`         several rows of one
:mod:`.filters`         some rows kept, the others dropped
:mod:`.fusion`          several sources made into one, split by split
:mod:`.joined_batches`  a join whose searched stream fits into memory
:mod:`.joined_rows`     which row belongs to which, and how joined fields are called
:mod:`.joins`           streams joined by the values of fields
:mod:`.matching`        items found by key in memory while they fit, else on disk
:mod:`.merge`           streams of streams: merged, split by group, made of data
:mod:`.mixes`           ``train[90%]+test[0.1]``, by chance or by place
:mod:`.shuffles`        what draws: the order of rows or of a list, slight changes
:mod:`.splits`          splits renamed, left out, repeated, mixed, cut
======================  =================================================================
"""
