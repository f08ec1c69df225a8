"""Loaders: where a card's rows come from.

``loader`` is the contract, ``local_data`` finds files below ``--data``, ``tables`` reads rows of files; the loaders are
in ``hub`` (data sets and spaces of the Hugging Face hub), ``files`` (JSON and CSV by path or URL), ``iob`` (tagged
sentences), ``memory`` (rows in the card itself, several sources) and ``elsewhere`` (scikit-learn, and services that
Regrade does not ask).
"""

from regrade.rows.loaders.loader import Loader, Loading

__all__ = ["Loader", "Loading"]
