{{ config(materialized='ephemeral') }}

select
    {{ certificate_columns(
        'certificate_id',
        'name',
        'fingerprint_sha256',
        'serial_number',
        'subject_common_name',
        'issuer',
        'not_before',
        'not_after',
        'provider_not_after',
        'chain_not_after',
        'chain_complete',
        'public_key_algorithm',
        'public_key_bits',
        'public_key_curve',
        'signature_algorithm',
        'signature_hash',
        'self_signed',
        'dns_names',
        'dns_names_known',
        'provider_status',
        'in_use',
        identifier="coalesce(identifier, 'of ' || domain_name)",
        seen_at="domain_name || '/' || product",
    ) }}
from {{ ref('int_alicloud_domain_certificates') }}
where has_certificate
union all
select
    {{ certificate_columns(
        'identifier',
        'certificate_id',
        'name',
        'fingerprint_sha256',
        'serial_number',
        'issuer',
        'not_before',
        'not_after',
        'public_key_algorithm',
        'signature_algorithm',
        'dns_names',
        'provider_status',
        'in_use',
        subject_common_name='common_name',
        seen_at="product || '/' || held_id",
    ) }}
from {{ ref('int_alicloud_held_certificates') }}
where is_shown
