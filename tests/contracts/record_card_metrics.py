"""Record Unitxt's values for the inputs of ``card_metric_inputs``: run it with a Python that has Unitxt 1.26.10.

python tests/contracts/record_card_metrics.py > tests/contracts/card_metrics.json
"""

import json
import math
import os
import sys

os.environ.update(
    HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", UNITXT_DEFAULT_VERBOSITY="critical", TQDM_DISABLE="1",
    UNITXT_ALLOW_UNVERIFIED_CODE="True",
)  # fmt: skip

import nltk

nltk.download = lambda *_, **__: True

from card_metric_inputs import INPUTS  # noqa: E402
from unitxt.artifact import Artifact  # noqa: E402
from unitxt.test_utils.metrics import apply_metric  # noqa: E402


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def tuples(value):
    """Lists within lists as the tuples that entities are."""
    return [tuple(one) for one in value]


recorded = {}
for name, inputs in INPUTS.items():
    try:
        metric = Artifact.from_dict({"__type__": name, **inputs.arguments})
        metric.n_resamples = None
        predictions, references = inputs.predictions, inputs.references
        if name in ("ner", "fuzzy_ner"):
            predictions, references = map(tuples, predictions), [[tuples(one) for one in each] for each in references]
        outputs = apply_metric(metric, list(predictions), references, inputs.task_data)
    except Exception as error:
        print(name, type(error).__name__, str(error)[-300:], file=sys.stderr)
        continue
    scores = outputs[0]["score"]["global"]
    main = scores["score_name"]
    recorded[name] = {
        "score_name": main,
        "value": plain(scores["score"]),
        "scores": plain(
            {key: one for key, one in scores.items() if isinstance(one, (int, float)) and "_ci_" not in key}
        ),
    }
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(one)}" for name, one in sorted(recorded.items()))
print(f"{{\n{lines}\n}}")
