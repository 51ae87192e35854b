"""Requests to stop a run, by a signal or from another process."""

from __future__ import annotations

import os
import signal

from causalpima_core.runs.signals import stopped_by_signals


def test_a_signal_is_a_request_that_is_gone_at_the_end(make_run):
    folder = make_run("run")
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals(folder):
        os.kill(os.getpid(), signal.SIGTERM)
        assert folder.cancel_requested
    assert not folder.cancel_requested
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_was_asked_for_while_the_worker_started_is_heard(make_run):
    folder = make_run("run")
    folder.request_cancel()
    with stopped_by_signals(folder):
        assert folder.cancel_requested
