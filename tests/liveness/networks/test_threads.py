"""Tests of the limit of one thread for OpenCV and BLAS."""

from __future__ import annotations

import threading

import cv2

from alive402.liveness.networks.threads import one_thread_each


def test_threads_are_restored_after_the_last_block() -> None:
    before = cv2.getNumThreads()
    with one_thread_each():
        with one_thread_each():
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 1
    assert cv2.getNumThreads() == before


def test_blocks_of_several_threads_overlap() -> None:
    before, entered, leave = cv2.getNumThreads(), threading.Barrier(5), threading.Event()

    def analyse() -> None:
        with one_thread_each():
            entered.wait(10)
            leave.wait(10)

    threads = [threading.Thread(target=analyse) for _ in range(4)]
    for thread in threads:
        thread.start()
    entered.wait(10)
    assert cv2.getNumThreads() == 1
    leave.set()
    for thread in threads:
        thread.join()
    assert cv2.getNumThreads() == before
