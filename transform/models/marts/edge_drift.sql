-- What the providers say beside what the edge serves. Empty until a host was asked.
{%- set worst_first = [
    'name_mismatch', 'expired', 'renewed_not_served', 'untrusted', 'other_certificate', 'unreachable', 'same', 'not_compared',
] %}
with served as (
    select
        served.*,
        {{ without_leading('serial_number', '0') }} as serial,
        {{ whole_second('not_after') }} as last_second,
        {{ seconds_between(now(), 'not_after') }} / 86400 as days_left,
        case when not_before < not_after then {{ seconds_between('not_before', 'not_after') }} / 86400 end as lifetime_days
    from {{ ref('int_edge_served') }} as served
),

-- A domain has a certificate once: by the provider that knows it best, which is `served` before `related` before `covers`. Of one that is
-- named and was not read, nobody knows what it is.
listed as (
    select
        domains.provider,
        domains.account,
        domains.domain_name,
        certificates.certificate_key,
        {{ without_trailing('lower(domains.domain_name)', '.') }} as host,
        max(domains.source) as source,
        {{ any_of('domains.in_use') }} as in_use,
        {{ all_of('domains.stale') }} as stale,
        max(domains.synced_at) as listed_at
    from {{ ref('int_domains') }} as domains
    left join {{ ref('certificates') }} as certificates on domains.certificate_key = certificates.certificate_key
    where exists (select 1 from served)
    group by 1, 2, 3, 4
),

-- Each with each place that asked: an account of the edge is one.
faced as (
    select
        listed.*,
        certificates.certificate_id,
        certificates.name,
        certificates.not_before,
        coalesce(certificates.not_after, certificates.provider_not_after) as not_after,
        {{ whole_second('coalesce(certificates.not_after, certificates.provider_not_after)') }} as last_second,
        {{ hexadecimal('certificates.fingerprint_sha256') }} as fingerprint_sha256,
        {{ hexadecimal('certificates.serial_number') }} as serial_number,
        {{ without_leading(hexadecimal('certificates.serial_number'), '0') }} as serial,
        served.account as place,
        served.address,
        served.fingerprint_sha256 as served_fingerprint_sha256,
        served.serial_number as served_serial_number,
        served.serial as served_serial,
        served.issuer as served_issuer,
        served.not_after as served_not_after,
        served.last_second as served_last_second,
        served.days_left * 24 as served_for,
        case
            when served.account is not null and served.error is null
                then {{ state_by_dates('served.not_before', 'served.not_after', 'served.days_left', 'served.lifetime_days') }}
        end as served_state,
        served.trusted,
        served.trust_error,
        served.name_matches,
        served.error,
        served.answered_at,
        served.seen_at,
        served.synced_at,
        coalesce(served.stale, false) as seen_long_ago
    from listed
    left join {{ ref('certificates') }} as certificates on listed.certificate_key = certificates.certificate_key
    left join served on listed.host = served.domain_name
),

-- A serial number of fewer than 14 digits is others' too, and one without a letter may be decimal, so that it differs from nobody's. Of an
-- end that somebody tells as a day, or in another zone, nobody knows whether less than a day makes it another.
comparable as (
    select
        faced.*,
        case
            when fingerprint_sha256 is not null and served_fingerprint_sha256 is not null then 'fingerprint'
            when serial = served_serial and (length(serial) >= 14 or last_second = served_last_second) then 'serial_number'
            when serial <> served_serial and {{ matches('serial', '.*[a-f].*') }} then 'serial_number'
            when last_second = served_last_second then 'not_after'
            when abs({{ seconds_between('last_second', 'served_last_second') }}) > 86400 then 'not_after'
        end as compared_by
    from faced
),

compared as (
    select
        comparable.*,
        case compared_by
            when 'fingerprint' then fingerprint_sha256 = served_fingerprint_sha256
            when 'serial_number' then serial = served_serial
            when 'not_after' then last_second = served_last_second
        end as serves
    from comparable
),

-- Of the certificates that a domain has at a provider, for several kinds of keys or while one follows the other, the edge serves one. Of
-- several providers one answers: nothing of the others was seen.
answered as (
    select
        compared.*,
        coalesce({{ any_of('serves') }} over (partition by provider, account, domain_name, place), false) as serves_one_of_them,
        coalesce({{ any_of('serves and in_use') }} over (partition by host, place), false) as serves_somebodys
    from compared
),

-- Null: there is no reason not to compare.
explained as (
    select
        answered.*,
        case
            when place is null and (host like '%*%' or host like '.%') then 'wildcard'
            when place is null and not {{ matches('host', '[ -~]*') }} then 'unicode'
            when place is null then 'not_asked'
            when not in_use and serves is distinct from true then 'off'
            when error = 'not_public' then 'not_public'
            -- A name that a certificate could be for may have no host.
            when error = 'not_resolved' and source = 'covers' then 'not_resolved'
            when serves_somebodys and not serves_one_of_them then 'served_by_another'
            -- Without a certificate, an error or the certificate of another is what is to be expected; one for its name is its own.
            when certificate_key is null and name_matches is distinct from true then 'unknown_certificate'
        end as reason,
        -- What began later was not there to be served.
        not serves and not serves_one_of_them and not coalesce(not_before > seen_at, false) as differs
    from answered
),

judged as (
    select
        explained.*,
        case
            when reason is not null then 'not_compared'
            when error is not null then 'unreachable'
            when name_matches = false then 'name_mismatch'
            when served_not_after < {{ now() }} then 'expired'
            when differs and served_not_after < not_after and source <> 'covers' then 'renewed_not_served'
            when trusted = false then 'untrusted'
            when differs and source = 'served' and not stale then 'other_certificate'
            when (serves or serves_one_of_them) and not stale and not seen_long_ago then 'same'
            else 'not_compared'
        end as verdict
    from explained
),

-- An alarm of one place is not undone by another, unless that one looked later than anybody may rely on the first.
ranked as (
    select
        judged.*,
        coalesce(
            reason,
            case
                when verdict <> 'not_compared' then null
                when stale or seen_long_ago then 'stale'
                when certificate_key is null then 'unknown_certificate'
                when serves is null then 'nothing_to_compare_by'
                when not differs then 'began_later'
                else 'may_serve_another'
            end
        ) as not_compared_because,
        row_number() over (
            partition by provider, account, domain_name, certificate_key
            order by
                seen_long_ago,
                case verdict
                    {%- for verdict in worst_first %}
                    when '{{ verdict }}' then {{ loop.index }}
                    {%- endfor %}
                end,
                seen_at desc,
                place
        ) as version
    from judged
)

select
    provider,
    account,
    domain_name,
    certificate_key,
    certificate_id,
    name as certificate_name,
    source,
    in_use,
    verdict,
    not_compared_because,
    fingerprint_sha256 as configured_fingerprint_sha256,
    serial_number as configured_serial_number,
    not_after as configured_not_after,
    served_fingerprint_sha256,
    served_serial_number,
    served_not_after,
    served_issuer,
    served_for,
    served_state,
    -- What is not for the domain, or stands beside this one, does not end instead of it.
    case
        when serves_one_of_them or verdict in ('not_compared', 'name_mismatch') then not_after
        else {{ earliest(['not_after', 'served_not_after']) }}
    end as not_after,
    serves,
    trusted,
    trust_error,
    name_matches,
    error,
    address,
    compared_by,
    stale or seen_long_ago as stale,
    answered_at,
    synced_at,
    listed_at
from ranked
where version = 1
