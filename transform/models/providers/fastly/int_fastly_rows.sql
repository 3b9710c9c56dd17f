{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'fastly_tls_certificates': {'key': 'certificate_id', 'listing': 'ListTLSCertificates'},
    'fastly_tls_subscriptions': {'key': 'subscription_id', 'listing': 'ListTLSSubscriptions'},
    'fastly_tls_domains': {'key': 'domain_name', 'listing': 'ListTLSDomains', 'tells_use': true},
}) }}
