with domain_counts as (
    select certificate_key, count(distinct domain_name) as domain_count
    from {{ ref('int_domains') }}
    where in_use and certificate_key is not null
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
                    when 'expired' then 1
                    when 'revoked' then 2
                    when 'inactive' then 3
                    when 'expire_soon' then 4
                    when 'mismatch' then 5
                    when 'ok' then 7
                    else 6
                end,
                case when counted_provider_status is null then 1 else 0 end,
                seen_at
        ) as worst_provider_status,
        min(case when use_known and uses_read then 1 else 0 end) over (partition by certificate_key) as uses_known
    from counted
),

current_certificates as (
    select
        ranked.*,
        {{ hexadecimal('fingerprint_sha256') }} as fingerprint,
        {{ identifying_serial('serial_number', 'not_after') }} as serial_and_end
    from ranked
    where version = 1
),

-- Those that have the same serial number and end are one certificate, unless what is known of them differs.
serials as (
    select
        serial_and_end,
        min(fingerprint) as fingerprint,
        count(distinct fingerprint) <= 1
            and count(distinct {{ whole_second('not_before') }}) <= 1
            -- Every provider writes an issuer in its own way.
            and count(distinct case when issuer is not null then provider || '/' || issuer end)
                = count(distinct case when issuer is not null then provider end) as is_one
    from current_certificates
    group by 1
),

identified as (
    select
        certificates.*,
        case
            when certificates.fingerprint is not null then certificates.fingerprint
            when serials.is_one then coalesce(serials.fingerprint, serials.serial_and_end)
            else certificates.certificate_key
        end as identity,
        coalesce(domain_counts.domain_count, 0) as domain_count
    from current_certificates as certificates
    left join domain_counts on certificates.certificate_key = domain_counts.certificate_key
    left join serials on certificates.serial_and_end = serials.serial_and_end
)

select
    certificates.certificate_key,
    certificates.identity,
    certificates.provider,
    certificates.account,
    certificates.certificate_id,
    certificates.name,
    certificates.fingerprint_sha256,
    certificates.serial_number,
    certificates.subject_common_name,
    certificates.issuer,
    certificates.not_before,
    certificates.not_after,
    certificates.first_provider_not_after as provider_not_after,
    certificates.ends_differ = 1 as end_disputed,
    certificates.first_chain_not_after as chain_not_after,
    certificates.chains_complete = 1 as chain_complete,
    certificates.worst_provider_status as provider_status,
    certificates.public_key_algorithm,
    cast(certificates.public_key_bits as integer) as public_key_bits,
    certificates.public_key_curve,
    certificates.signature_algorithm,
    certificates.signature_hash,
    certificates.self_signed,
    certificates.renews_itself,
    cast(certificates.domain_count as integer) as domain_count,
    -- A certificate may be bought in one place and served in another.
    sum(certificates.domain_count) over (partition by certificates.identity) = 0
        and min(certificates.uses_known) over (partition by certificates.identity) = 1 as serves_nothing,
    certificates.uses_known = 1 as use_known,
    certificates.only_named,
    certificates.stale,
    certificates.synced_at
from identified as certificates
