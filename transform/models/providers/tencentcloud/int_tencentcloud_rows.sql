{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'tencentcloud_certificates': {'key': 'certificate_id', 'listing': 'DescribeCertificates'},
    'tencentcloud_cdn_domains': {'key': 'domain', 'listing': 'DescribeDomainsConfig', 'tells_use': true},
    'tencentcloud_edgeone_domains': {'key': ['zone_id', 'domain_name'], 'listing': 'DescribeZones', 'tells_use': true},
}) }}
