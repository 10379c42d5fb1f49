"""The HTTP form of what passes between the analysis desk and the audio role."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router

from ecg.analysis.interfaces import AnalysisReport
from ecg.kernel import wire
from ecg.kernel.attempts import Submitter
from ecg.kernel.http import Peer

PATH = "/internal/analyses"
REALIGN_PATH = "/internal/realignments"


def submitter(peer: Peer, path: str = PATH) -> wire.HttpSubmitter:
    """The desk's way to the role at ``peer``, to one of its two queues."""
    return wire.HttpSubmitter(peer, path)


def worker_routes(submitter: Submitter, keys: Sequence[str], path: str = PATH) -> Router:
    """The role's end of it: jobs come in."""
    return wire.worker_routes(path, submitter, keys, "audio")


def reports(peer: Peer, keys: Sequence[str]) -> wire.HttpReports:
    """The worker's way back to the desk at ``peer``."""
    return wire.HttpReports(peer, PATH, keys)


def report_routes(receive: wire.Receive, keys: Sequence[str]) -> Router:
    """The desk's end of it: reports come in."""
    return wire.report_routes(PATH, AnalysisReport, receive, keys)
