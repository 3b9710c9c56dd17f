{{ config(materialized='ephemeral') }}

{{ stream_rows({
    'aws_certificates': {'key': 'certificate_arn', 'listing': 'ListCertificates'},
    'aws_distributions': {'key': 'distribution_id', 'listing': 'ListDistributions'},
    'aws_distribution_tenants': {'key': 'tenant_id', 'listing': 'ListDistributionTenants'},
}) }}
