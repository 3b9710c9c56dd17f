{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'alicloud_domains': {'key': 'domain_name', 'listing': 'DescribeUserDomains'},
    'certificate_info': {'key': 'domain_name', 'listing': 'DescribeUserDomains'},
    'alicloud_https_domains': {'key': 'domain_name', 'listing': 'DescribeCdnHttpsDomainList'},
}) }}
