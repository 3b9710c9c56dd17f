{{ config(materialized='ephemeral') }}

with seen as (
    select
        seen.*,
        held.certificate_id,
        held.name,
        held.common_name,
        held.renews_itself
    from {{ current_rows('akamai_certificates', ['enrollment_id', 'network', 'key_algorithm']) }} as seen
    inner join {{ ref('int_akamai_held') }} as held
        on seen.account = held.account
        and {{ row_key(['enrollment_id', 'network', 'key_algorithm'], 'seen.') }} = held.certificate_id
)

-- By the enrollment: a renewal leaves it as it is.
select
    {{ certificate_columns(
        'certificate_id',
        'name',
        'renews_itself',
        fingerprint_sha256='x509_fingerprint_sha256',
        serial_number='x509_serial_number',
        subject_common_name='common_name',
        issuer='coalesce(x509_issuer_common_name, x509_issuer_organization)',
        not_before='x509_not_before',
        not_after='coalesce(x509_not_after, expiry)',
        provider_not_after='expiry',
        chain_not_after='x509_chain_not_after',
        chain_complete='x509_chain_complete',
        public_key_algorithm="coalesce(x509_public_key_algorithm, case key_algorithm when 'ECDSA' then 'EC' when 'RSA' then 'RSA' end)",
        public_key_bits='x509_public_key_bits',
        public_key_curve='x509_public_key_curve',
        signature_algorithm='x509_signature_algorithm',
        signature_hash="coalesce(x509_signature_hash, lower(replace(signature_algorithm, '-', '')))",
        self_signed='x509_self_signed',
        dns_names='x509_subject_alternative_names',
        dns_names_known='x509_subject_alternative_names is not null and coalesce(x509_subject_alternative_names_complete, true)',
    ) }}
from seen
-- What is on the staging network is held, and serves nobody: once, if it is in production too.
where
    network = 'production'
    or not exists (
        select 1
        from seen as served
        where
            served.network = 'production'
            and served.account = seen.account
            and served.enrollment_id = seen.enrollment_id
            and served.x509_fingerprint_sha256 = seen.x509_fingerprint_sha256
    )
