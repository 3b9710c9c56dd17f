{{ config(materialized='ephemeral') }}

-- The provider does not say which certificate a name is served with, but in which order it takes them, whose first one covers it here:
-- https://developers.cloudflare.com/ssl/reference/certificate-and-hostname-priority/.
with zones as (
    select
        zones.*,
        not coalesce(paused, false)
            and not coalesce(dns_only, false)
            and lower(coalesce(status, 'active')) not in ('initializing', 'moved', 'pending') as serves
    from {{ current_rows('cloudflare_zones', 'zone_id') }} as zones
),

-- The status is that of what should have a certificate for the name: of a pack, or of a custom hostname's certificate.
listed as (
    select account, zone_id, lower(name) as domain_name, null as status, true as of_zone, serves, stale, synced_at
    from zones
    union all
    select
        account,
        zone_id,
        lower(hostname),
        lower(ssl_status),
        false,
        lower(coalesce(status, 'active')) not in (
            'blocked', 'deleted', 'moved', 'pending_deletion', 'test_blocked', 'test_failed', 'test_pending'
        ),
        stale,
        synced_at
    from {{ current_rows('cloudflare_custom_hostnames', ['zone_id', 'custom_hostname_id']) }} as hostnames
    union all
    select account, zone_id, lower(element.value), lower(status), false, true, stale, synced_at
    from {{ current_rows('cloudflare_certificate_packs', ['zone_id', 'pack_id']) }} as packs
    {{ unnest_list('hosts') }}
    where lower(status) not in ('deleted', 'deletion_timed_out', 'pending_cleanup', 'pending_deletion')
),

-- Why there is none, if there is none. Whether a zone's own domain is proxied nobody says; a zone gets a certificate for it by itself.
reasons as (
    select
        listed.account,
        listed.domain_name,
        case
            when not listed.serves or not coalesce(zones.serves, true) then null
            when listed.of_zone then case when read_zones.zone_id is not null then 'not_covered' end
            when {{ matches("coalesce(listed.status, 'inactive')", '(backup|deactivating|delet|inactive|pending_(cleanup|deletion)).*') }} then 'none'
            when {{ matches('listed.status', '(holding|initializing|pending|staging).*|.*_timed_out') }} then 'not_issued'
            else 'not_named'
        end as reason,
        listed.stale,
        listed.synced_at
    from listed
    left join zones
        on listed.account = zones.account
        and listed.zone_id = zones.zone_id
    left join {{ whose_parts_were_read('cloudflare_certificate_packs', 'zones', 'zone_id') }} as read_zones
        on listed.account = read_zones.account
        and listed.zone_id = read_zones.zone_id
),

-- Of several reasons the last of the alphabet: what may be served with one comes before what has none.
domains as (
    select account, domain_name, max(reason) as reason, {{ all_of('stale') }} as stale, max(synced_at) as synced_at
    from reasons
    where domain_name is not null
    group by 1, 2
),

patterns as (
    select account, domain_name, domain_name as pattern
    from domains
    union distinct
    select account, domain_name, '*' || substr(domain_name, {{ dbt.position("'.'", 'domain_name') }}) as pattern
    from domains
    where domain_name like '%.%'
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
                case when right('.' || patterns.domain_name, length(held.zone_name) + 1) <> '.' || held.zone_name then 1 else 0 end,
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
        reason='case when ranked.identifier is null then domains.reason end',
        in_use='coalesce(ranked.in_use, domains.reason is not null)',
        stale='coalesce(ranked.stale, domains.stale)',
        synced_at='coalesce(ranked.synced_at, domains.synced_at)',
    ) }}
from domains
left join ranked
    on domains.account = ranked.account
    and domains.domain_name = ranked.domain_name
    and ranked.place = 1
