{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'alicloud_domains': {'key': 'domain_name', 'listing': 'DescribeUserDomains'},
    'certificate_info': {'key': 'domain_name', 'listing': 'DescribeUserDomains', 'tells_use': true},
    'alicloud_https_domains': {'key': 'domain_name', 'listing': 'DescribeCdnHttpsDomainList'},
    'alicloud_dcdn_domains': {'key': 'domain_name', 'listing': 'DescribeDcdnUserDomains'},
    'alicloud_dcdn_certificates': {'key': 'domain_name', 'listing': 'DescribeDcdnUserDomains', 'tells_use': true},
    'alicloud_dcdn_https_domains': {'key': 'domain_name', 'listing': 'DescribeDcdnHttpsDomainList'},
    'alicloud_cas_certificates': {'key': 'certificate_id', 'listing': 'ListUserCertificateOrder'},
    'alicloud_esa_sites': {'key': 'site_id', 'listing': 'ListSites'},
    'alicloud_esa_certificates': {'key': ['site_id', 'id'], 'listing': 'ListSites', 'tells_use': true},
}) }}
