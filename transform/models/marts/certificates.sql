with domain_counts as (
    select certificate_key, count(distinct domain_name) as domain_count
    from {{ ref('int_served_domains') }}
    where in_use
    group by 1
),

-- Of a domain that is off, and of what was not read lately, counts only what no other row says.
weighed as (
    select
        seen.*,
        case when in_use and not stale then 0 else 1 end as weight,
        min(case when in_use and not stale then 0 else 1 end) over (partition by certificate_key) as least_weight
    from {{ ref('int_certificates_seen') }} as seen
),

counted as (
    select
        weighed.*,
        case when weight = least_weight then provider_not_after end as counted_provider_not_after,
        case when weight = least_weight then chain_not_after end as counted_chain_not_after,
        case when weight = least_weight then chain_complete end as counted_chain_complete,
        case when weight = least_weight then provider_status end as counted_provider_status
    from weighed
),

-- Of a certificate that several domains serve, the row read last, and the worst that any says of it.
ranked as (
    select
        counted.*,
        row_number() over (partition by certificate_key order by stale, synced_at desc, seen_at) as version,
        coalesce(
            min(case when counted_provider_not_after <> not_after then counted_provider_not_after end)
                over (partition by certificate_key),
            min(counted_provider_not_after) over (partition by certificate_key)
        ) as first_provider_not_after,
        min(counted_chain_not_after) over (partition by certificate_key) as first_chain_not_after,
        min(case when counted_chain_complete then 1 when not counted_chain_complete then 0 end)
            over (partition by certificate_key) as chains_complete,
        max(case when not_after <> counted_provider_not_after then 1 else 0 end) over (partition by certificate_key) as ends_differ,
        first_value(counted_provider_status) over (
            partition by certificate_key
            order by
                case counted_provider_status
                    when 'expired' then 1 when 'expire_soon' then 2 when 'mismatch' then 3 when 'ok' then 5 else 4
                end,
                case when counted_provider_status is null then 1 else 0 end,
                seen_at
        ) as worst_provider_status
    from counted
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
    ranked.first_provider_not_after as provider_not_after,
    ranked.ends_differ = 1 as end_disputed,
    ranked.first_chain_not_after as chain_not_after,
    ranked.chains_complete = 1 as chain_complete,
    ranked.worst_provider_status as provider_status,
    ranked.public_key_algorithm,
    cast(ranked.public_key_bits as integer) as public_key_bits,
    ranked.public_key_curve,
    ranked.signature_algorithm,
    ranked.signature_hash,
    ranked.self_signed,
    cast(coalesce(domain_counts.domain_count, 0) as integer) as domain_count,
    ranked.stale,
    ranked.synced_at
from ranked
left join domain_counts on ranked.certificate_key = domain_counts.certificate_key
where ranked.version = 1
