{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'aws_certificates': {'key': 'certificate_arn', 'listing': 'ListCertificates'},
    'aws_distributions': {'key': 'distribution_id', 'listing': 'ListDistributions', 'tells_use': true},
    'aws_distribution_tenants': {'key': 'tenant_id', 'listing': 'ListDistributionTenants', 'tells_use': true},
}) }}
