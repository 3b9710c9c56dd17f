{{ config(materialized='ephemeral') }}

-- The provider does not say which certificate a name is served with, but in which order it takes them, whose first one covers it here:
-- https://developers.cloudflare.com/ssl/reference/certificate-and-hostname-priority/.
with listed as (
    select account, lower(name) as domain_name, stale, synced_at
    from {{ current_rows('cloudflare_zones', 'zone_id') }} as zones
    union all
    select account, lower(hostname) as domain_name, stale, synced_at
    from {{ current_rows('cloudflare_custom_hostnames', ['zone_id', 'custom_hostname_id']) }} as hostnames
    union all
    select account, lower(element.value) as domain_name, stale, synced_at
    from {{ current_rows('cloudflare_certificate_packs', ['zone_id', 'pack_id']) }} as packs
    {{ unnest_list('hosts') }}
    where lower(status) not in ('deleted', 'deletion_timed_out', 'pending_cleanup', 'pending_deletion')
),

domains as (
    select account, domain_name, bool_and(stale) as stale, max(synced_at) as synced_at
    from listed
    where domain_name is not null
    group by 1, 2
),

patterns as (
    select account, domain_name, domain_name as pattern
    from domains
    union
    select account, domain_name, '*' || substr(domain_name, strpos(domain_name, '.')) as pattern
    from domains
    where strpos(domain_name, '.') > 0
),

names as (
    select distinct held.identifier, held.account, held.zone_id, lower(element.value) as name
    from {{ ref('int_cloudflare_held') }} as held
    {{ unnest_list('dns_names') }}
),

ranked as (
    select
        patterns.domain_name,
        held.account,
        held.identifier,
        held.provider_status,
        held.in_use,
        held.stale,
        held.synced_at,
        -- The certificates of one pack, for several kinds of keys, are equal.
        dense_rank() over (
            partition by held.account, patterns.domain_name
            order by
                case when not held.in_use then 2 when held.provider_status = 'expired' then 1 else 0 end,
                case when names.name = patterns.domain_name then 0 else 1 end,
                case when '.' || patterns.domain_name like '%.' || held.zone_name then 0 when held.zone_name is null then 0 else 1 end,
                case held.type
                    when 'keyless' then 1
                    when 'legacy_custom' then 2
                    when 'sni_custom' then 3
                    when 'mh_custom' then 4
                    when 'managed_hostname' then 4
                    when 'advanced' then 5
                    when 'total_tls' then 6
                    when 'universal' then 7
                    else 8
                end,
                held.ordered_at desc nulls last,
                held.holder
        ) as place
    from patterns
    inner join names
        on patterns.account = names.account
        and patterns.pattern = names.name
    inner join {{ ref('int_cloudflare_held') }} as held
        on names.account = held.account
        and names.zone_id = held.zone_id
        and names.identifier = held.identifier
)

select
    {{ domain_columns(
        account='domains.account',
        domain_name='domains.domain_name',
        identifier='ranked.identifier',
        source="case when ranked.identifier is not null then 'covers' end",
        provider_status='ranked.provider_status',
        in_use='coalesce(ranked.in_use, false)',
        stale='coalesce(ranked.stale, domains.stale)',
        synced_at='coalesce(ranked.synced_at, domains.synced_at)',
    ) }}
from domains
left join ranked
    on domains.account = ranked.account
    and domains.domain_name = ranked.domain_name
    and ranked.place = 1
