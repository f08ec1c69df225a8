"""Artifacts: cards, operators, tasks, templates and the rest as data, and the objects that are built of them.

==========================  ============================================================================================
:mod:`.type_strings`        types of fields as cards write them
:mod:`.python_expressions`  Python's expressions over rows, without Python's ``eval``
:mod:`.paths`               paths into rows
:mod:`.identity`            ids of samples
:mod:`.streams`             streams of rows
:mod:`.words`               texts about names and data
:mod:`.artifact`            what an artifact is: a class whose arguments are data
:mod:`.build`               from an artifact's data to the object: types looked up, references fetched, arguments
                            checked
:mod:`.catalogs`            catalogs: folders of artifacts
:mod:`.check`               everything that is wrong with an artifact, a file or a whole catalog, with its place
:mod:`.coverage`            how many cards of a catalog can be parsed, processed and scored, and what is missing for
                            the others
:mod:`.data`                artifacts as data again: saved to a file, and loaded from one
:mod:`.field_flow`          fields that a card's task or steps ask for and that certainly are not there
:mod:`.files`               artifacts in files: JSON as Unitxt writes it, YAML as people do, both the same data
:mod:`.floats`              numbers that JSON has no form for, in the data of artifacts: nan and the infinities
:mod:`.json_schema`         a JSON Schema of artifacts, for editors: generated from the registered classes and their
                            docstrings
:mod:`.listing`             what catalogs hold, for people: names, kinds, tags, descriptions, hashes
:mod:`.operator`            what operators are: of all streams at once, of one stream, of one row, of one field
:mod:`.places`              where in a row an operator reads and writes: how to get there is decided once, not for
                            each row
:mod:`.positions`           where in a file the parts of an artifact stand: lines and columns of keys and values
:mod:`.reaching`            artifacts that reach for files or hosts which rows name, and the access that they are
                            given for it
:mod:`.references`          references to artifacts: ``name``, or ``name[argument=value,...]`` with arguments that
                            replace the artifact's own
:mod:`.resolve`             self-contained artifacts: every reference replaced by what it leads to, and the hash of
                            what that is
:mod:`.spelling`            the spelling of Unitxt's documentation pages, put into that of its catalog
:mod:`.walk`                going through an artifact's data as its types say: what building, checking and resolving
                            have in common
==========================  ============================================================================================
"""

from regrade.artifacts.artifact import Artifact, ArtifactError, artifact
from regrade.artifacts.build import build
from regrade.artifacts.catalogs import CatalogFolder, Catalogs, default_catalog, open_catalogs
from regrade.artifacts.references import Reference, parse_arguments, parse_reference
from regrade.artifacts.walk import Catalog, NoCatalog

__all__ = [
    "Artifact",
    "ArtifactError",
    "Catalog",
    "CatalogFolder",
    "Catalogs",
    "NoCatalog",
    "Reference",
    "artifact",
    "build",
    "default_catalog",
    "open_catalogs",
    "parse_arguments",
    "parse_reference",
]
