"""The Pareto tail index of importance weights against NumPy and against weights of a known tail."""

import subprocess

import numpy as np
import pytest
from scipy import stats

import base_peer

PRIOR = 10


def tail_index(logw):
    program = base_peer.build_folder() / "tests" / "irl" / "irl_peer"
    text = "\n".join(repr(float(value)) for value in logw)
    return float(subprocess.run([program, "tail"], input=text, capture_output=True, text=True,
                                check=True).stdout)


def shape(excess):
    """Zhang and Stephens 2009, with theta = k/sigma of their sign, and the prior of PSIS."""
    x = np.sort(excess)
    n = len(x)
    m = 30 + int(np.sqrt(n))
    j = np.arange(1, m + 1)
    theta = 1 / x[-1] + (1 - np.sqrt(m / (j - 0.5))) / (3 * x[int(n / 4 + 0.5) - 1])
    k = -np.log1p(-np.outer(theta, x)).mean(1)  # their k has the other sign
    likelihood = n * (np.log(theta / k) + k - 1)
    weight = np.array([1 / np.exp(likelihood - value).sum() for value in likelihood])
    best = (theta * weight).sum() / weight.sum()
    return (n * np.log1p(-best * x).mean() + PRIOR * 0.5) / (n + PRIOR)


def peer(logw):
    w = np.exp(logw - logw.max())
    tail = int(np.ceil(min(0.2 * len(w), 3 * np.sqrt(len(w)))))
    largest = np.sort(w)
    return shape(largest[-tail:] - largest[-tail - 1])


@pytest.mark.parametrize("n", [21, 26, 100, 1000])
@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_is_the_formula(n, spread):
    logw = 500 + spread * np.random.default_rng(n).standard_normal(n)
    assert tail_index(logw) == pytest.approx(peer(logw), rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("k", [0.2, 0.5, 0.9])
def test_finds_the_tail_of_pareto_weights(k):
    # 20,000 weights give a tail of 424; the estimator's deviation there is (1 + k)/sqrt(424), and the
    # prior draws it by a fortieth of the way to 1/2.
    w = stats.genpareto.rvs(k, size=20000, random_state=1)
    assert abs(tail_index(np.log(w)) - k) < 3 * (1 + k) / np.sqrt(424) + 0.025


def test_few_or_vanishing_weights_have_none():
    assert np.isnan(tail_index(np.arange(20.0)))
    assert not np.isnan(tail_index(np.arange(21.0)))
    assert tail_index(-1000.0 * np.arange(30.0)) == np.inf
    assert tail_index(np.zeros(30)) == np.inf
