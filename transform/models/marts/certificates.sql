with domain_counts as (
    select certificate_key, count(distinct domain_name) as domain_count
    from {{ ref('int_served_domains') }}
    group by 1
),

-- Of a certificate that several domains serve, the row read last.
ranked as (
    select
        seen.*,
        row_number() over (partition by certificate_key order by stale, synced_at desc, seen_at) as version
    from {{ ref('int_certificates_seen') }} as seen
)

select
    ranked.certificate_key,
    ranked.provider,
    ranked.account,
    ranked.certificate_id,
    ranked.name,
    ranked.fingerprint_sha256,
    ranked.serial_number,
    ranked.subject_common_name,
    ranked.issuer,
    ranked.not_before,
    ranked.not_after,
    ranked.public_key_algorithm,
    cast(ranked.public_key_bits as integer) as public_key_bits,
    ranked.public_key_curve,
    ranked.signature_algorithm,
    ranked.self_signed,
    cast(coalesce(domain_counts.domain_count, 0) as integer) as domain_count,
    ranked.stale,
    ranked.synced_at
from ranked
left join domain_counts on ranked.certificate_key = domain_counts.certificate_key
where ranked.version = 1
