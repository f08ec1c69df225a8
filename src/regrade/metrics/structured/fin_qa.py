"""FinQA: whether a predicted program is the right one, and whether it comes to the right answer."""

from __future__ import annotations

from typing import Any, ClassVar

from regrade.artifacts import artifact
from regrade.metrics.card_metric import InstanceMetric, Scores
from regrade.metrics.structured.fin_qa_programs import run, same, steps_of


@artifact("fin_qa_eval")
class FinQAEval(InstanceMetric):
    """Programs of FinQA, in the fields ``program_re``, ``table`` and ``answer`` of the task.

    Scores: ``program_accuracy``, 1 where the program is that of the reference in all but order and names of steps;
    ``execution_accuracy``, 1 where it comes to the answer. (Unitxt hands a prediction that is no program to Python's
    ``eval``; here it is wrong.)

    >>> data = {"program_re": "add(1, 2)", "answer": "3", "table": []}
    >>> FinQAEval().measure("add(2, 1)", ["add(1, 2)"], data)
    {'program_accuracy': 1.0, 'execution_accuracy': 1.0}
    """

    main_score: str = "program_accuracy"
    prediction_type: str = "str"

    reductions: ClassVar[dict[str, list[str]] | None] = {"mean": ["program_accuracy", "execution_accuracy"]}
    intervals_of: ClassVar[tuple[str, ...]] = ("program_accuracy", "execution_accuracy")

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        gold, table, answer = task_data["program_re"], task_data["table"], task_data["answer"]
        return {
            "program_accuracy": float(_same(prediction, gold)),
            "execution_accuracy": float(_comes_to(prediction[: prediction.rfind(")") + 1], table, answer)),
        }


def _same(program: str, gold: str) -> bool:
    try:
        return same(steps_of(program), steps_of(gold))
    except (ArithmeticError, TypeError, ValueError):
        return False


def _comes_to(program: str, table: Any, answer: Any) -> bool:
    try:
        result = run(steps_of(program), table)
        return result == str(answer).strip() if isinstance(result, str) else result == float(answer)
    except (ArithmeticError, TypeError, ValueError):
        return False
