"""Demonstrations: the steps that choose them for rows from a pool."""

from __future__ import annotations

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.streams import Row
from regrade.cards.prompting.samplers import Sampler, random_of_instance


class AssignDemosToInstance(RowOperator):
    """Chooses a row's demonstrations from the pool that it carries, which it loses.

    Args:
        from_field: Where the row carries the pool.
        to_field: Where its demonstrations go.
        sampler: Who chooses.
        skip_demoed_instances: Leave the demonstrations of rows that have some already.
        sampling_seed: Another seed, another choice.
    """

    from_field: str
    to_field: str
    sampler: Sampler
    skip_demoed_instances: bool = False
    sampling_seed: int | None = None

    def get_sample_size(self, instance: Row) -> int:
        """How many a row gets."""
        raise NotImplementedError

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = {name: value for name, value in row.items() if name != self.from_field}
        if self.skip_demoed_instances and self.to_field in row:
            return result
        if self.from_field not in row:
            raise ValueError(f"the row carries no pool of demonstrations in {self.from_field!r}")
        size = self.get_sample_size(row)
        result[self.to_field] = chosen_demos(row, row[self.from_field], size, self.sampler, self.sampling_seed)
        return result


def chosen_demos(row: Row, pool: list[Row], size: int, sampler: Sampler, seed: int | None = None) -> list[Row]:
    """The demonstrations of a row, never the row itself.

    Raises:
        ValueError: the pool is too small.
    """
    if not size:
        return []
    others = sampler.filter_source_by_instance(pool, row)
    if len(others) < size:
        raise ValueError(
            f"{size} demonstrations are wanted, and the pool has {len(others)} rows besides this one: it needs a larger"
            " demos_pool_size, and the loader a larger loader_limit if it has one"
        )
    return sampler.sample(size, others, row, seed)


@artifact("constant_size_sample")
class ConstantSizeSample(AssignDemosToInstance):
    """Gives each row the same number of demonstrations.

    Args:
        sample_size: How many.

    >>> from regrade.cards.prompting.samplers import RandomSampler
    >>> step = ConstantSizeSample(from_field="pool", to_field="demos", sampler=RandomSampler(), sample_size=1)
    >>> step.process_row({"input_fields": {"n": 2}, "pool": [{"input_fields": {"n": 1}}, {"input_fields": {"n": 2}}]})
    {'input_fields': {'n': 2}, 'demos': [{'input_fields': {'n': 1}}]}
    """

    sample_size: int

    def get_sample_size(self, instance: Row) -> int:
        return self.sample_size


@artifact("random_size_sample")
class RandomSizeSample(AssignDemosToInstance):
    """Gives each row one of several numbers of demonstrations; its content decides.

    Args:
        sample_sizes: The numbers.

    >>> from regrade.cards.prompting.samplers import RandomSampler
    >>> step = RandomSizeSample(from_field="pool", to_field="demos", sampler=RandomSampler(), sample_sizes=[0, 1])
    >>> pool = [{"input_fields": {"n": 0}}]
    >>> [len(step.process_row({"input_fields": {"n": n}, "pool": pool})["demos"]) for n in range(1, 9)]
    [1, 0, 1, 1, 0, 1, 0, 0]
    """

    sample_sizes: list[int]

    def get_sample_size(self, instance: Row) -> int:
        return drawn_size(self.sample_sizes, instance)


def drawn_size(sizes: list[int], row: Row) -> int:
    """The one of several numbers of demonstrations that a row's content draws."""
    return random_of_instance(row).choice(sizes)
