"""A fit of real runs finds back what made its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from femanode.study.fit import fit

ROOT = Path(__file__).parents[2]


@pytest.mark.verification
def test_the_bundled_fit_finds_the_rate_and_the_potential_that_made_its_data(tmp_path: Path) -> None:
    result = fit(ROOT / "configs" / "fits" / "isotropic_depth.yaml", tmp_path / "f")
    rate, potential = result.parameters
    # as the head of the CSV file says: 0.05 nm/s, 160 mV, errors of 0.3 nm
    assert abs(rate.value - 0.05) < 3.0 * rate.standard_error
    assert abs(potential.value - 160.0) < 3.0 * potential.standard_error
    assert rate.standard_error < 0.02 * 0.05
    assert potential.standard_error < 0.02 * 160.0
    # 28 degrees of freedom: between 12 and 51 in 99 of 100 cases
    assert 12.0 < result.chi2 < 51.0
