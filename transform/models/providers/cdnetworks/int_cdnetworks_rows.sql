{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'cdnetworks_certificates': {'key': 'certificate_id', 'listing': 'QueryCertificateList'},
    'ssl_certificate': {'key': 'certificate_id', 'listing': 'QueryCertificateList', 'inventory': 'cdnetworks_certificates'},
}) }}
