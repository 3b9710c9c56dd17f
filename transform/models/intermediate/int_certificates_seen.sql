-- Certificates as the providers show them: Alibaba Cloud once for each domain, CDNetworks once.
select
    'alicloud/' || account || '/' || coalesce(identifier, domain_name) as certificate_key,
    'alicloud' as provider,
    account,
    domain_name as seen_at,
    certificate_id,
    name,
    fingerprint_sha256,
    serial_number,
    subject_common_name,
    issuer,
    not_before,
    not_after,
    public_key_algorithm,
    public_key_bits,
    public_key_curve,
    signature_algorithm,
    self_signed,
    dns_names,
    dns_names_known,
    stale,
    synced_at
from {{ ref('int_alicloud_domains') }}
where has_certificate
union all
select
    'cdnetworks/' || account || '/' || certificate_id as certificate_key,
    'cdnetworks' as provider,
    account,
    certificate_id as seen_at,
    certificate_id,
    name,
    null as fingerprint_sha256,
    serial_number,
    null as subject_common_name,
    issuer,
    not_before,
    not_after,
    null as public_key_algorithm,
    null as public_key_bits,
    null as public_key_curve,
    null as signature_algorithm,
    null as self_signed,
    dns_names,
    dns_names_known,
    stale,
    synced_at
from {{ ref('int_cdnetworks_certificates') }}
