"""Constants of mixtures and regions: straight lines between phases, and inert phases that stay what they are."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from femanode.constitutive.mixture import Mixture, Phase, host_and_product

HOST = Phase(160.0, 0.22, lambda C: np.full_like(C, 7.0), 0.5)
PRODUCT = Phase(40.0, 0.24, lambda C: 1.0 + C, 0.25, 0.1, 1e-3)
CARBON = Phase(12.0, 0.2, lambda C: np.full_like(C, 0.4))


def test_half_full_silicon_lies_half_way() -> None:
    # E 100, nu 0.23: K = 100/(3 * 0.54), G = 100/2.46; the product's strength for its share (0.7 + 1.4)/(1 + 1.4)
    law = Mixture(host_and_product(HOST, PRODUCT, 2.8), 2.8).moduli(np.array([0.7]), np.array([0.5]))
    assert_allclose([law.K[0], law.G[0]], [61.728395, 40.650407], rtol=1e-7, atol=0)
    assert_allclose(law.sigma_Y[0], 1.5 * 2.1 / 2.4, rtol=1e-12, atol=0)
    assert law.reference_rate[0] == np.inf


def test_an_inert_region_neither_swells_nor_takes_the_product_s_constants() -> None:
    mixture = Mixture(host_and_product(HOST, PRODUCT, 2.8), 2.8, (CARBON,))
    region = np.array([0, 1, 0])
    h, C = np.ones((3, 3)), np.full((3, 3), 0.9)
    law = mixture.moduli(h, C, region)
    # E 12, nu 0.2: K = 12/1.8, G = 12/2.4
    assert_allclose(law.K[1], 20.0 / 3.0, rtol=1e-12, atol=0)
    assert_allclose(law.G[1], 5.0, rtol=1e-12, atol=0)
    assert_allclose(law.sigma_Y[1], 0.4, rtol=0, atol=0)
    plain = mixture.moduli(h, C)
    for name in ("K", "G", "sigma_Y", "H", "rate_exponent", "reference_rate"):
        assert_allclose(getattr(law, name)[[0, 2]], getattr(plain, name)[[0, 2]], rtol=0, atol=0)
    assert_allclose(mixture.volume_ratio(C, region)[:, 0], [3.52, 1.0, 3.52], rtol=1e-12, atol=0)


def test_a_fraction_that_is_no_number_does_not_pass_for_host() -> None:
    law = Mixture(host_and_product(HOST, PRODUCT, 2.8), 2.8).moduli(np.array([np.nan, 0.0]), np.array([0.5, 0.0]))
    assert np.isnan(law.sigma_Y[0])
    assert law.sigma_Y[1] == 7.0
