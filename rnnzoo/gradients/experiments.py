"""Trainings of all networks, on how many steps each."""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor, as_completed

from rnnzoo.gradients import networks
from rnnzoo.gradients.maps import verdict
from rnnzoo.gradients.training import train

STEPS = (50, 100, 200)  # of the table; most maps are of the first
FEW = 6  # steps of deep networks
FOUR = networks.ELMAN, networks.JORDAN, networks.GRU, networks.LSTM_1
LSTMS = networks.LSTM_0, networks.LSTM_1, networks.LSTM_CHRONO
ELMANS = networks.ELMAN_RANDOM, networks.ELMAN
RECTIFIED = networks.RELU_RANDOM, networks.RELU_IDENTITY
EXPLODING = networks.NOT_CLIPPED, networks.CLIPPED
DEEP = networks.PLAIN, networks.RESIDUAL
COMPARED = (*FOUR, networks.LSTM_CHRONO, networks.RELU_IDENTITY)
MOST_THREADS = 4


def jobs():
    """All that is trained: tuples of a network, steps and `train`'s `watch`."""
    mapped = [
        *itertools.product([*FOUR, *LSTMS, *ELMANS, *EXPLODING], STEPS[:1]),
        *itertools.product(RECTIFIED, STEPS[1:2]),
        *itertools.product(DEEP, [FEW]),
    ]
    table = [*itertools.product(COMPARED, STEPS)]
    mapped, table = dict.fromkeys(mapped), dict.fromkeys(table)
    return [
        *((*job, True) for job in mapped),
        *((*job, False) for job in table if job not in mapped),
    ]


def run(updates, say=print):
    """Trains all networks, as many at a time as there are processors.

    Args:
        updates: Number of updates of each.
        say: Function that takes a line on each training.

    Returns:
        Dict of the name of a network and its steps to a `Training`.
    """
    trainings = {}
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        futures = [
            pool.submit(train, network, steps, updates, watch)
            for network, steps, watch in jobs()
        ]
        try:
            for future in as_completed(futures):
                done = future.result()
                trainings[done.name, done.steps] = done
                say(f"{done.name}, {done.steps} steps: {verdict(done)}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return trainings
