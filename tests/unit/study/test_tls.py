"""Cases on a Dask cluster that speaks TLS, with certificates made for the test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from femanode.errors import ConfigError
from femanode.study.execution import engine


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """A key with a certificate that it has signed itself, good for all three roles."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=60)
    return {"key": str(key), "cert": str(cert)}


def test_a_sweep_s_client_speaks_tls_and_is_refused_without(certificate: dict[str, str],
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")
    monkeypatch.setattr(engine, "CONNECT", 3)
    roles = {f"distributed.comm.tls.{who}.{what}": certificate[what]
             for who in ("scheduler", "worker", "client") for what in ("key", "cert")}
    settings = {"distributed.comm.tls.ca-file": certificate["cert"], "distributed.comm.require-encryption": True,
                **roles}
    with dask.config.set(settings):
        security = distributed.Security()
        with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, protocol="tls://",
                                      security=security, host="127.0.0.1", dashboard_address=None,
                                      scheduler_kwargs={"dashboard": False}) as cluster:
            address = cluster.scheduler_address
            assert address.startswith("tls://")
            with engine.connect(address, 1) as client:
                jobs = [{"folder": "f", "results": "r", "hash": str(n), "n": n} for n in range(3)]
                found = engine.collect(client, jobs, lambda event: None, lambda job, tell: {"square": job["n"] ** 2})
                assert sorted(answer["square"] for _, answer in found) == [0, 1, 4]  # type: ignore[index]
            with dask.config.set({"distributed.comm.require-encryption": False}), pytest.raises(
                    ConfigError, match="no scheduler answers at"), engine.connect(address.replace("tls", "tcp"), 1):
                pass
