{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'alicloud_domains': {'key': 'domain_name', 'listing': 'DescribeUserDomains'},
    'certificate_info': {'key': 'domain_name', 'listing': 'DescribeUserDomains'},
    'alicloud_https_domains': {'key': 'domain_name', 'listing': 'DescribeCdnHttpsDomainList'},
    'alicloud_dcdn_domains': {'key': 'domain_name', 'listing': 'DescribeDcdnUserDomains'},
    'alicloud_dcdn_certificates': {'key': 'domain_name', 'listing': 'DescribeDcdnUserDomains'},
    'alicloud_dcdn_https_domains': {'key': 'domain_name', 'listing': 'DescribeDcdnHttpsDomainList'},
}) }}
