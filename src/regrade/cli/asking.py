"""What commands that ask a model share: their options."""

from __future__ import annotations

import argparse
import math
from typing import Any

from regrade.errors import UsageError


def add_model(parser: argparse.ArgumentParser, option: str = "--model", *, required: bool = True) -> None:
    """Who is asked, and how."""
    who = parser.add_argument_group("who is asked")
    who.add_argument(
        option,
        dest="model",
        required=required,
        metavar="[KIND:]NAME",
        help="gpt-4o-mini, openai:qwen3-8b, batch:gpt-4o-mini, transformers:PATH, vllm:PATH, litellm:PROVIDER/NAME, "
        "replay:FILE (default kind openai)",
    )
    add_connection(who)
    who.add_argument(
        "--model-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the model's kind: device=cuda, loglikelihood=prompt_logprobs, batch_size=16 (repeatable)",
    )
    who.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help='a generation parameter, as the API names it: temperature=0.7, max_tokens=512, stop=["\\n"], '
        "reasoning_effort=low, extra_body={top_k: 20} (repeatable)",
    )
    who.add_argument("--repeats", type=int, metavar="N", help="answers per sample (default: the recipe's, else 1)")


def add_connection(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The way to the server."""
    parser.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server: http://localhost:8000/v1")
    parser.add_argument(
        "--api-key-env", metavar="NAME", help="the variable that holds the key (default OPENAI_API_KEY)"
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an HTTP header; env:VARIABLE as its value stands for that of a variable (repeatable)",
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", help="certificates (PEM) to trust, for a server that signs its own"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """How a server is treated, and what is kept."""
    how = parser.add_argument_group("how it is asked")
    how.add_argument(
        "--concurrency", type=int, metavar="N", help="requests in flight at most; found out by trying (default 64)"
    )
    how.add_argument("--rpm", type=float, metavar="N", help="requests per minute at most")
    how.add_argument("--tpm", type=float, metavar="N", help="tokens per minute at most")
    how.add_argument("--timeout", type=float, metavar="S", help="seconds that one reply may take (default 600)")
    how.add_argument(
        "--total-timeout", type=float, metavar="S", help="seconds that an answer may take with retries (default 3600)"
    )
    how.add_argument("--max-reply", type=float, metavar="MB", help="larger replies are refused (default 32)")
    how.add_argument("--retries", type=int, metavar="N", help="how often a request is sent again (default 8)")
    how.add_argument("--fresh", action="store_true", help="ask anew what the workspace's cache knows")
    how.add_argument(
        "--share-equal",
        action="store_true",
        help="ask once for samples that ask exactly the same, even where answers are drawn (temperature above 0)",
    )
    how.add_argument(
        "--fsync",
        choices=["group", "none"],
        default="group",
        help="group: an answer counts when it would survive a power failure (default); none: when it would survive "
        "the process",
    )
    how.add_argument(
        "--workspace", metavar="DIR", help="the folder of runs and of their cache (default REGRADE_WORKSPACE, or runs)"
    )


def parse_pairs(given: list[str], option: str) -> dict[str, Any]:
    """``NAME=VALUE`` options; values are YAML.

    Raises:
        UsageError: one is no such pair.
    """
    if not given:
        return {}
    import yaml

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("is no NAME=VALUE", where=f"{option} {text}")
        try:
            found[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"is no value: {' '.join(str(error).split())}", where=f"{option} {text}") from None
    return found


def model_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a parsed command line says about the model and how it is asked, as :func:`regrade.run` takes it.

    Raises:
        UsageError: an option cannot mean anything.
    """
    return {
        "parameters": parse_pairs(arguments.param, "--param"),
        "repeats": arguments.repeats,
        **connection_options(arguments),
        **parse_pairs(arguments.model_option, "--model-option"),
        **asking_options(arguments),
    }


def connection_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a parsed command line says about the way to the server; what is not said is left out."""
    headers = {name: str(value) for name, value in parse_pairs(arguments.header, "--header").items()}
    if arguments.max_reply is not None and not 1 <= arguments.max_reply * 1_000_000 < math.inf:
        raise UsageError("must be more than 0", where=f"--max-reply {arguments.max_reply:g}")
    given = {
        "base_url": arguments.base_url,
        "api_key_env": arguments.api_key_env,
        "headers": headers or None,
        "ca_file": arguments.ca_file,
        "max_reply": int(arguments.max_reply * 1_000_000) if arguments.max_reply is not None else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def asking_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a parsed command line says about how a server is treated, and what is kept."""
    limits = {
        "concurrency": arguments.concurrency,
        "requests_per_minute": arguments.rpm,
        "tokens_per_minute": arguments.tpm,
        "timeout_s": arguments.timeout,
        "total_timeout_s": arguments.total_timeout,
        "retries": arguments.retries,
    }
    return {
        **{name: value for name, value in limits.items() if value is not None},
        "fresh": arguments.fresh,
        "share_equal": arguments.share_equal,
        "fsync": arguments.fsync,
        "workspace": arguments.workspace,
    }


def without_keeping(options: dict[str, Any]) -> dict[str, Any]:
    """The options without those about what is kept, which mean nothing where nobody is asked."""
    return {
        name: value for name, value in options.items() if name not in ("fresh", "share_equal", "fsync", "workspace")
    }
