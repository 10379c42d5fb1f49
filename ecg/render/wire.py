"""The HTTP form of what passes between the render desk and the render role."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router

from ecg.kernel import wire
from ecg.kernel.attempts import Submitter
from ecg.kernel.http import Peer
from ecg.render.interfaces import RenderReport

PATH = "/internal/renders"


def submitter(peer: Peer) -> wire.HttpSubmitter:
    """The desk's way to the role at ``peer``."""
    return wire.HttpSubmitter(peer, PATH)


def worker_routes(submitter: Submitter, keys: Sequence[str]) -> Router:
    """The role's end of it: jobs come in."""
    return wire.worker_routes(PATH, submitter, keys, "render")


def reports(peer: Peer, keys: Sequence[str]) -> wire.HttpReports:
    """The worker's way back to the desk at ``peer``."""
    return wire.HttpReports(peer, PATH, keys)


def report_routes(receive: wire.Receive, keys: Sequence[str]) -> Router:
    """The desk's end of it: reports come in."""
    return wire.report_routes(PATH, RenderReport, receive, keys)
