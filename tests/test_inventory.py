"""The current inventory in a warehouse, after whatever became of a sync."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import forked
import psycopg
import pytest
from process import environment
from watched import Watch, run, start

from sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INFO = "DescribeDomainCertificateInfo"

# As docs/records.md has it.
CURRENT = """
select domain_name from cdn_certs.certificate_info
where account = 'default'
  and synced_at >= (select max(synced_at) from cdn_certs.syncs
                    where complete and stream = 'certificate_info' and account = 'default')
"""
KEPT = """
select c.domain_name from cdn_certs.certificate_info c
where c.synced_at >= (select max(synced_at) from cdn_certs.syncs
                      where complete and stream = 'certificate_info' and account = c.account)
   or exists (select 1 from cdn_certs.sync_errors e
              where e.stream = 'certificate_info' and e.account = c.account and e.key = c.domain_name
                and e.synced_at = (select max(synced_at) from cdn_certs.syncs
                                   where complete and stream = 'certificate_info' and account = c.account))
"""


@pytest.fixture
def load(tmp_path: Path, target_postgres: str, postgres_database: str) -> Callable[[str], None]:
    """What gives the tap's messages to target-postgres."""
    parts = urlsplit(postgres_database)
    config = {"host": parts.hostname, "port": parts.port, "user": parts.username, "password": "unused"}
    config |= {"database": parts.path.strip("/"), "default_target_schema": "cdn_certs"}
    path = tmp_path / "target.json"
    path.write_text(json.dumps(config))

    def load(messages: str) -> None:
        loaded = forked.run(
            [target_postgres, "--config", str(path)], input=messages, cwd=tmp_path, env=environment()
        )
        assert loaded.returncode == 0, loaded.stderr[-3000:]

    return load


def names(url: str, query: str) -> list[str]:
    """The domains that a query gives."""
    with psycopg.connect(url) as connection:
        return sorted(name for (name,) in connection.execute(query))


def test_the_current_inventory_is_right_after_any_sync(
    tmp_path: Path, postgres_database: str, load: Callable[[str], None]
) -> None:
    """Complete, stopped, complete without some domains, with a refused domain, and with a refused stream."""
    with Watch(alicloud={"size": 80}, cdnetworks={"size": 2}, latency=0.01) as sandbox:
        everything = sorted(sandbox["alicloud"].inventory.keys())
        load(run(sandbox, tmp_path).stdout)
        assert names(postgres_database, CURRENT) == everything

        # Domains go away, but the sync that would notice is stopped.
        for name in everything[:16]:
            sandbox["alicloud"].inventory.remove(name)
        sandbox.faults.add(Fault("timeout", INFO, [*sandbox["alicloud"].inventory][-1].domain_name))
        tap = start(sandbox, tmp_path)
        tap.wait_for('"certificate_info","record"')
        tap.stop(signal.SIGTERM)
        stopped = tap.end(30)
        assert stopped.returncode == 143
        assert 0 < len(stopped.records["certificate_info"]) < 64
        sandbox.faults.clear()
        load(stopped.stdout)
        assert names(postgres_database, CURRENT) == everything

        load(run(sandbox, tmp_path).stdout)
        assert names(postgres_database, CURRENT) == everything[16:]

        # A domain that is refused keeps its last known row.
        sandbox.faults.add(Fault("error", INFO, everything[20], status=400, code="Odd"))
        load(run(sandbox, tmp_path).stdout)
        left = everything[16:]
        assert names(postgres_database, CURRENT) == [name for name in left if name != everything[20]]
        assert names(postgres_database, KEPT) == left

        # A stream that is refused changes nothing.
        sandbox.faults.clear()
        sandbox.faults.add(Fault("error", INFO, status=403, code="Forbidden.RAM"))
        refused = run(sandbox, tmp_path)
        assert refused.returncode == 1
        load(refused.stdout)
        assert names(postgres_database, KEPT) == left
