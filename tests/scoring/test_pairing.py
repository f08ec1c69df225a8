"""Which samples of two runs are the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from regrade.errors import InputError
from regrade.scoring.pairing import Pairing, Samples, pair_samples


def pairing(a: dict[str, int] | Samples, b: dict[str, int] | Samples) -> Pairing:
    """The pairs of samples given as id → document; the documents' spelling does not matter."""
    first, second = (s if isinstance(s, Samples) else Samples(list(s), list(s.values())) for s in (a, b))
    return pair_samples(first, second, lambda: (first.documents, second.documents))


def test_by_id() -> None:
    assert pairing({"x": 1, "y": 2, "z": 3}, {"z": 3, "y": 2}) == Pairing([(1, 1), (2, 0)])


def test_by_document_where_ids_stand_for_others() -> None:
    found = pairing({"x": 1, "y": 2, "z": 3}, {"x": 2, "y": 1, "z": 3})
    assert found.pairs == [(0, 1), (1, 0), (2, 2)]
    assert found.note == "paired by their documents: 2 of 3 common ids stand for different documents"


def test_by_id_and_document_where_neither_is_enough() -> None:
    a, b = Samples(["x", "x", "y"], [1, 2, 1]), Samples(["x", "x", "y"], [2, 1, 1])
    found = pairing(a, b)
    assert found.pairs == [(0, 1), (1, 0), (2, 2)]
    assert found.note == "paired by id and document: an id stands for several samples"


def test_no_pair_of_different_documents() -> None:
    with pytest.raises(InputError, match="stand for different documents"):
        pairing({"x": 1, "y": 2}, {"x": 3, "y": 4})
    # the same document under several ids is no pair either
    with pytest.raises(InputError, match="stand for different documents"):
        pairing({"x": 1, "y": 1}, {"x": 2, "z": 1})


def test_formats_whose_documents_are_no_rows_of_a_dataset() -> None:
    def unknown() -> tuple[Sequence[int] | None, Sequence[int] | None]:
        return None, None

    found = pair_samples(Samples(["x"], [1]), Samples(["x"], [2]), unknown)
    assert (found.pairs, "cannot be told" in str(found.note)) == ([(0, 0)], True)
    with pytest.raises(InputError, match="several samples"):
        pair_samples(Samples(["x", "x"], [1, 2]), Samples(["x"], [2]), unknown)
