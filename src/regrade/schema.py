"""The nouns of Regrade, defined once.

Plain, typed, picklable and JSON-serialisable: they cross process and machine borders.
"""

from __future__ import annotations

import json
import zlib
from typing import Any, Literal, TypeAlias

import msgspec

OutputType: TypeAlias = Literal["generate_until", "multiple_choice", "loglikelihood", "loglikelihood_rolling"]
"""What a task asks of a model, in lm-evaluation-harness's terms."""


class FunctionRef(msgspec.Struct, frozen=True, tag="function"):
    """A Python function that a task names instead of a template, filter or metric.

    Attributes:
        name: Attribute path inside its module: ``process_results`` or ``Filters.extract``.
        file: The Python file that defines it; None for code that is only quoted.
        origin: ``package``: part of an installed package, may run. ``file``: a loose file, runs only with
            ``--trust-code``. ``quoted``: source text or a ``repr`` inside a results file; never runs.
        partial: Keyword arguments bound to it.
    """

    name: str
    file: str | None = None
    origin: Literal["package", "file", "quoted"] = "quoted"
    partial: dict[str, Any] = msgspec.field(default_factory=dict)


class FilterStep(msgspec.Struct, frozen=True):
    """One filter of a pipeline: a registered name, or a function, and its arguments."""

    function: str | FunctionRef
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)


class FilterPipeline(msgspec.Struct, frozen=True):
    """A named chain of filters, applied in order to the repeats of one answer."""

    name: str
    steps: list[FilterStep] = msgspec.field(default_factory=list)


class MetricSpec(msgspec.Struct, frozen=True):
    """One entry of a task's metric list.

    Attributes:
        metric: Registered name, or a function.
        aggregation: Registered name, or a function; None takes the metric's own.
        higher_is_better: None takes the metric's own.
        arguments: Keyword arguments of the metric.
        label: What its values are reported under, where not under its own name.
    """

    metric: str | FunctionRef
    aggregation: str | FunctionRef | None = None
    higher_is_better: bool | None = None
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    label: str | None = None

    @property
    def name(self) -> str:
        """The key under which values of this metric are reported."""
        if self.label is not None:
            return self.label
        return self.metric if isinstance(self.metric, str) else self.metric.name.rpartition(".")[2]


RECORDED = "recorded"
"""The metric of an entry whose values only the log holds; no metric is registered by that name."""

Template: TypeAlias = str | int | list[Any] | dict[str, Any] | FunctionRef | None
"""How a task makes a value of a document: a field's name, a Jinja template, a constant or a function."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What a task asks and how its answers are scored; every dialect compiles to this.

    Attributes:
        task: The task's name.
        output_type: What is asked of the model.
        doc_to_text: The prompt's template; decides multiple-input tasks.
        doc_to_target: The reference's template.
        doc_to_choice: The choices' template of multiple-choice tasks.
        process_results: A function that scores a document whole, instead of the metrics' own measures.
        filters: The pipelines; never empty (the harness's default is ``none``, take_first).
        metrics: The metrics; empty means the defaults of ``output_type``.
        target_delimiter: Stands between prompt and continuation.
        repeats: Answers asked for per prompt.
        version: The task's own version.
        harness_version: The lm-evaluation-harness that wrote the log, when known; decides between behaviours
            that changed from one version to another.
        needs: Reasons why something of this recipe cannot run here, by the metric or part concerned.
        metadata: Everything else the dialect said.
    """

    task: str
    output_type: OutputType = "generate_until"
    doc_to_text: Template = None
    doc_to_target: Template = None
    doc_to_choice: Template = None
    process_results: FunctionRef | None = None
    filters: list[FilterPipeline] = msgspec.field(
        default_factory=lambda: [FilterPipeline("none", [FilterStep("take_first")])]
    )
    metrics: list[MetricSpec] = msgspec.field(default_factory=list)
    target_delimiter: str = " "
    repeats: int = 1
    version: Any = None
    harness_version: str | None = None
    needs: dict[str, str] = msgspec.field(default_factory=dict)
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)


Loglikelihood: TypeAlias = tuple[float, bool | None]
"""Log-likelihood in nats of a continuation, and whether greedy decoding would have produced it.

None where a server gives log-probabilities of the prompt's tokens, but not of the likeliest ones.
"""

AnswerValue: TypeAlias = str | float | Loglikelihood
"""One thing a model said: a text, the log-likelihood of a document, or of a continuation."""


RECORD_PARTS = ("doc", "arguments", "recorded", "extracted", "hashes", "metadata", "fields", "fingerprint")
"""The parts of a :class:`Record` that are worked out on first use."""


class Record:
    """One sample with everything that was recorded about it: a row of a log.

    Parts that nobody asks for stay undecoded: pass a callable for ``doc``, ``extracted``, ``arguments``, ``recorded``,
    ``hashes``, ``metadata`` or ``fields`` and it runs on first use.

    A subclass with a constructor of its own calls this one, or overrides every part; a class that does neither is
    refused when it is defined, since its records would lack what only some filter or metric asks for.

    Attributes:
        sample_id: The source's own id (``doc_id`` in harness logs).
        line: 1-based line (or row) number in its file.
        answers: Per request (one, or one per choice) the repeats the model gave.
        target: The reference as the log recorded it; None where it recorded none.
        filter: The filter pipeline this row was recorded under, when the log says.
    """

    __slots__ = (
        "_arguments",
        "_doc",
        "_extracted",
        "_fields",
        "_fingerprint",
        "_hashes",
        "_metadata",
        "_recorded",
        "answers",
        "filter",
        "line",
        "sample_id",
        "target",
    )

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        own = vars(cls).get("__init__")
        if own is None or "super" in own.__code__.co_names:
            return
        inherited = [part for part in RECORD_PARTS if getattr(cls, part) is getattr(Record, part)]
        if inherited:
            raise TypeError(
                f"{cls.__name__}.__init__ does not call Record's, so the class must override {', '.join(inherited)}"
            )

    def __init__(  # noqa: PLR0913 - a log records so many things
        self,
        sample_id: int | str,
        line: int,
        answers: list[list[Any]],
        *,
        doc: Any = None,
        target: Any = None,
        filter: str | None = None,
        extracted: Any = None,
        arguments: Any = None,
        recorded: Any = None,
        hashes: Any = None,
        fingerprint: int | None = None,
        metadata: Any = None,
        fields: Any = None,
    ) -> None:
        self.sample_id = sample_id
        self.line = line
        self.answers = answers
        self.target = target
        self.filter = filter
        self._doc = doc
        self._extracted = extracted
        self._arguments = arguments
        self._recorded = recorded
        self._hashes = hashes
        self._fingerprint = fingerprint
        self._metadata = metadata
        self._fields = fields

    @property
    def doc(self) -> Any:
        """The dataset's row; usually a dict, but a log may hold anything."""
        if callable(self._doc):
            self._doc = self._doc()
        return self._doc

    @property
    def arguments(self) -> list[list[Any]]:
        """Per request its arguments as sent: ``[prompt, continuation or generation parameters, ...]``."""
        if callable(self._arguments):
            self._arguments = self._arguments()
        return self._arguments or []

    @property
    def recorded(self) -> dict[str, Any]:
        """The per-sample metric values that the log recorded, by metric name."""
        if callable(self._recorded):
            self._recorded = self._recorded()
        return self._recorded or {}

    @property
    def extracted(self) -> Any:
        """What the recorded filter pipeline made of the answers; None where not recorded."""
        if callable(self._extracted):
            self._extracted = self._extracted()
        return self._extracted

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes that the log recorded of document, prompt and target, by name."""
        if callable(self._hashes):
            self._hashes = self._hashes()
        return self._hashes or {}

    @property
    def metadata(self) -> dict[str, Any]:
        """What was decided for a prepared sample (the order of its choices, its split, its group); else empty."""
        if callable(self._metadata):
            self._metadata = self._metadata()
        return self._metadata or {}

    @property
    def fields(self) -> dict[str, Any] | None:
        """The task's fields of a prepared sample, as they were presented; None for records of logs."""
        if callable(self._fields):
            self._fields = self._fields()
        fields: dict[str, Any] | None = self._fields
        return fields

    @property
    def scope(self) -> Any:
        """The document as filters see it; that of a prepared sample has its fields, as ``task_data``."""
        fields = self.fields
        return self.doc if fields is None else {**self.doc, "task_data": fields}

    @property
    def fingerprint(self) -> int:
        """A checksum of the document: tells logs of different documents under the same ids apart."""
        if self._fingerprint is None:
            self._fingerprint = checksum(self.doc)
        return self._fingerprint


def checksum(value: Any, *, canonical: bool = False) -> int:
    """A checksum of plain data: equal data have equal ones; ``canonical`` ones do not depend on the order of keys."""
    try:
        data = msgspec.json.encode(value, enc_hook=str, order="sorted" if canonical else None)
    except (
        UnicodeEncodeError,
        OverflowError,
        TypeError,
    ):  # half of a surrogate pair, large numbers, odd keys
        data = json.dumps(value, ensure_ascii=False, default=str, sort_keys=canonical).encode("utf-8", "surrogatepass")
    return zlib.crc32(data)


class Unanswered(Record):
    """A sample whose request failed, where such samples count: as the worst value of each metric.

    Attributes:
        reason: How it failed.
    """

    __slots__ = ("reason",)

    reason: str


class Malformed(msgspec.Struct, frozen=True):
    """A row that could not be read.

    Attributes:
        file: Path of the file.
        line: 1-based line number.
        reason: What is wrong with it, in one sentence.
    """

    file: str
    line: int
    reason: str


class Blank(Malformed, frozen=True):
    """A row with nothing in it: passed over, and counted."""


RequestKind: TypeAlias = Literal["chat", "completion", "loglikelihood", "embedding"]
"""How a model is asked: for a message, for a text's continuation, for how likely continuations are, for a vector."""


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is asked of a model, exactly.

    Attributes:
        sample_id: The sample it belongs to.
        position: The sample's place among the run's samples, from 0.
        repeat: Which of several answers to the same question, from 0.
        turn: Which of the sample's questions, from 0; the answers to those before it are among the messages.
        draw: Which of the samples that ask exactly the same, from 0, where each is to have an answer of its own.
        kind: How the model is asked.
        messages: The conversation, in OpenAI's form (``chat``).
        prompt: The text (``completion``, ``embedding``, and ``loglikelihood``: what comes before the continuations).
        continuations: The texts whose likelihood is asked for (``loglikelihood``).
        parameters: Generation parameters as the API names them (``temperature``, ``max_tokens``, ``stop``, ``seed``,
            ``tools``, ``response_format``, ...); what an API does not know goes through ``extra_body``.
        follow_ups: What the user says after each answer; no part of this request, but of those that follow it.
    """

    sample_id: str
    position: int = 0
    repeat: int = 0
    turn: int = 0
    draw: int = 0
    kind: RequestKind = "chat"
    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    continuations: list[str] | None = None
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    follow_ups: list[str] | None = None


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens of one answer, as the server counted them.

    Attributes:
        input_tokens: Of the prompt, cached ones included.
        output_tokens: Of the answer, thinking included.
        cached_tokens: Of the prompt, read from the server's cache.
        thinking_tokens: Of the answer, spent on thinking.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    thinking_tokens: int = 0


ErrorKind: TypeAlias = Literal["refused", "bad_request", "rate_limit", "server", "connection", "timeout", "reply"]
"""Why there is no answer: the server refused us (401, 403, 404), the request (400, 413, 422), or asked to wait (429);
it failed (5xx), was not reached, took too long, or replied what is no answer."""


class AnswerError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why there is no answer.

    Attributes:
        kind: What kind of failure.
        message: What the server or the network said; never a secret.
        status: HTTP status, where there is one.
    """

    kind: ErrorKind
    message: str
    status: int | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a model said to one request, or why it said nothing.

    Attributes:
        sample_id: The sample.
        position: The sample's place among the run's samples.
        repeat: Which of several answers.
        turn: Which of the sample's questions it answers.
        draw: Which of the answers to samples that ask exactly the same.
        text: What it said, thinking left out.
        thinking: What it thought, where the server tells.
        tool_calls: The tools it called, in OpenAI's form.
        choices: Per continuation its log-likelihood in nats, and whether greedy decoding would have produced it.
        embedding: The vector that was asked for.
        finish_reason: Why it stopped: ``stop``, ``length``, ``tool_calls``, ``content_filter``, ...
        usage: Tokens.
        latency_s: Seconds from sending the request that was answered to the end of its reply.
        attempts: How often it was sent.
        error: Why there is no answer; None if there is one.
        model: The model's name as the server gave it.
        request_hash: Identifies the request, but for the repeat; see :func:`regrade.models.request.request_hash`.
        cached: It was not asked now, but found in the workspace's cache.
        at: When it came, in seconds since 1970.
        extra: What else the server said of it (``logprobs``, ``annotations``, a refusal).
    """

    sample_id: str
    position: int = 0
    repeat: int = 0
    turn: int = 0
    draw: int = 0
    text: str | None = None
    thinking: str | None = None
    tool_calls: list[Any] | None = None
    choices: list[Loglikelihood] | None = None
    embedding: list[float] | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    latency_s: float = 0.0
    attempts: int = 1
    error: AnswerError | None = None
    model: str | None = None
    request_hash: str = ""
    cached: bool = False
    at: float = 0.0
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Sample(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A prepared row: what a model is asked, and what is needed to score its answer. Nothing the row held is lost.

    Attributes:
        sample_id: The source's own id where the card names one, else a hash of ``doc``; unique among a card's samples.
        doc: The row before the task.
        messages: The conversation to send, in OpenAI's form; None where a text is asked for.
        prompt: The text to send; None where a conversation is.
        continuations: The texts whose likelihood after the prompt is asked for, where nothing is to be generated.
        follow_ups: What the user says after each answer, for conversations of several turns.
        tools: The tools that the model may call, in OpenAI's form; sent with the conversation.
        target: What the model should say.
        references: All that it may say.
        input_fields: The task's input fields, as they were presented.
        reference_fields: The task's reference fields, as they were presented.
        group: What the sample is grouped by, where the row says so.
        metadata: What was decided for this sample: the order in which choices were presented, split, template, format,
            number of demonstrations.
        postprocessors: What makes a prediction of the answer: names in the catalog, or artifacts as data.
        metrics: What scores the prediction: names in the catalog, or artifacts as data.
    """

    sample_id: str
    doc: dict[str, Any]
    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    continuations: list[str] | None = None
    follow_ups: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    target: Any = None
    references: list[Any] = msgspec.field(default_factory=list)
    input_fields: dict[str, Any] = msgspec.field(default_factory=dict)
    reference_fields: dict[str, Any] = msgspec.field(default_factory=dict)
    group: str | None = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    postprocessors: list[Any] = msgspec.field(default_factory=list)
    metrics: list[Any] = msgspec.field(default_factory=list)
