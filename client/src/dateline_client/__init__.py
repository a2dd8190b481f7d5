"""A client of a Dateline service. `dateline_client.plugin` is the pytest plugin."""

from dateline_client.client import AsyncClient, Client
from dateline_client.contract import Answer, Article, Briefing, Check, Citation, QuoteCheck, Source
from dateline_client.errors import DatelineError, Problem, Unavailable, Unreachable

__all__ = [
    "Answer",
    "Article",
    "AsyncClient",
    "Briefing",
    "Check",
    "Citation",
    "Client",
    "DatelineError",
    "Problem",
    "QuoteCheck",
    "Source",
    "Unavailable",
    "Unreachable",
]
