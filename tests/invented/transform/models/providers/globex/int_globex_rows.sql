{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'globex_certificates': {'key': 'certificate_id', 'listing': 'ListCertificates'},
    'globex_deployments': {'key': 'certificate_id', 'listing': 'ListCertificates', 'tells_use': true},
}) }}
