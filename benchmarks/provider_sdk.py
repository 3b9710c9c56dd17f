"""The same API read with the provider's own SDK: threads, and a retry of what is refused."""

from __future__ import annotations

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from alibabacloud_cdn20180510 import models  # type: ignore[import-untyped]
from alibabacloud_cdn20180510.client import Client  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.models import Config  # type: ignore[import-untyped]

THREADS = 32
PAGE_SIZE = 500


def main(config: dict[str, Any]) -> None:
    """Prints the certificate of each domain as a line of JSON."""
    client = Client(
        Config(
            access_key_id=config["access_key_id"],
            access_key_secret=config["access_key_secret"],
            endpoint=config["api_url"].removeprefix("http://"),
            protocol="http",
        )
    )

    def certificate(domain: str) -> dict[str, Any]:
        request = models.DescribeDomainCertificateInfoRequest(domain_name=domain)
        wait = 0.5
        while True:
            try:
                return dict(client.describe_domain_certificate_info(request).body.to_map())
            except AlibabaCloudException as error:
                if not str(error.code).startswith("Throttling"):
                    raise
            time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            wait *= 2

    names: list[str] = []
    page: list[Any] = [None]
    while page:
        listing = models.DescribeUserDomainsRequest(
            page_number=len(names) // PAGE_SIZE + 1, page_size=PAGE_SIZE
        )
        page = client.describe_user_domains(listing).body.domains.page_data or []
        names += [item.domain_name for item in page]
        page = page if len(page) == PAGE_SIZE else []
    with ThreadPoolExecutor(THREADS) as pool:
        for answer in pool.map(certificate, names):
            print(json.dumps(answer))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8")))
