"""Random streams against NumPy's Philox, and normals against Box and Muller's formula."""

import numpy
import pytest
import scipy.stats

import base_peer

N = 4000


def stream(seed, purpose, iteration, condition, trajectory, n=N):
    rows = [line.split() for line in
            base_peer.lines("random", seed, purpose, iteration, condition, trajectory, n)]
    words = numpy.array([int(row[0]) for row in rows], dtype=numpy.uint64)
    return words, *(numpy.array([float(row[k]) for row in rows]) for k in (1, 2))


def philox(seed, purpose, iteration, condition, trajectory):
    """NumPy counts up before it makes a block, so it starts one block earlier."""
    first = (trajectory << 64) + (condition << 128) + (iteration << 192)
    before = (first - 1) % (1 << 256)
    return numpy.random.Philox(counter=before, key=seed + (purpose << 64))


STREAMS = [(0, 1, 0, 0, 0), (1, 2, 3, 4, 5), (2**64 - 1, 11, 2**64 - 1, 2**63, 2**64 - 1)]


@pytest.mark.parametrize("names", STREAMS)
def test_words_are_numpys(names):
    words, _, _ = stream(*names)
    assert numpy.array_equal(words, philox(*names).random_raw(N))


@pytest.mark.parametrize("names", STREAMS)
def test_uniforms_are_numpys(names):
    _, uniforms, _ = stream(*names)
    assert numpy.array_equal(uniforms, numpy.random.Generator(philox(*names)).random(N))


def test_normals_are_box_mullers():
    words, uniforms, normals = stream(*STREAMS[1])
    radius = numpy.sqrt(-2 * numpy.log1p(-uniforms[0:N:2]))
    angle = 2 * numpy.pi * uniforms[1:N:2]
    expected = numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle)], 1).ravel()
    # A few roundings; sine and cosine lose what the angle's rounding, up to 2 pi eps, takes.
    assert numpy.allclose(normals, expected, rtol=1e-14, atol=1e-14)


def test_normals_are_normal():
    _, _, normals = stream(7, 2, 0, 0, 0, 100000)
    assert scipy.stats.kstest(normals, "norm").pvalue > 1e-4
