{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'cdnetworks_certificates': {'key': 'certificate_id', 'listing': 'QueryCertificateList'},
    'ssl_certificate': {'key': 'certificate_id', 'listing': 'QueryCertificateList', 'inventory': 'cdnetworks_certificates'},
    'cdnetworks_domains': {'key': 'domain_name', 'listing': 'QueryApiDomainListService'},
    'cdnetworks_domain_certificates': {'key': 'domain_name', 'listing': 'QueryApiDomainListService', 'inventory': 'cdnetworks_domains'},
    'cdnetworks_pro_certificates': {'key': 'certificate_id', 'listing': 'GetListOfCertificates'},
}) }}
