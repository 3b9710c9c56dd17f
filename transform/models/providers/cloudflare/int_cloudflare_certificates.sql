{{ config(materialized='ephemeral') }}

select
    {{ certificate_columns(
        'certificate_id',
        'name',
        'fingerprint_sha256',
        'serial_number',
        'issuer',
        'not_before',
        'not_after',
        'signature_algorithm',
        'dns_names',
        'provider_status',
        'renews_itself',
        'in_use',
        identifier='identifier',
        provider_not_after='not_after',
    ) }}
from {{ ref('int_cloudflare_held') }}
