"""Regrade and the tools whose work it repeats, side by side on random configurations.

``python tests/differential/compare_harness.py`` and ``compare_unitxt.py`` draw configurations from seeds, have the real
tool (in an environment of its own) carry them out with canned answers, let ``regrade`` score what the tool wrote, and
report every number that differs. ``differences.toml`` lists those that are meant, with their reasons.
"""
