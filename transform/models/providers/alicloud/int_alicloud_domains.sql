{{ config(materialized='ephemeral') }}

{%- set products = {
    'cdn': ['alicloud_domains', 'certificate_info', 'alicloud_https_domains'],
    'dcdn': ['alicloud_dcdn_domains', 'alicloud_dcdn_certificates', 'alicloud_dcdn_https_domains'],
} %}

-- A domain that is only listed was not asked for its certificate: nobody knows whether it has one.
with listed as (
    {%- for product, streams in products.items() %}
    select
        {{ text("'" ~ product ~ "'") }} as product,
        listed.account,
        listed.domain_name,
        domains.cname,
        listed.stale,
        listed.synced_at
    from (
        select account, row_key as domain_name, {{ all_of('stale') }} as stale, max(synced_at) as synced_at
        from {{ ref('int_current_keys') }}
        where inventory in ('{{ streams | join("', '") }}')
        group by 1, 2
    ) as listed
    left join {{ ref('stg_' ~ streams[0]) }} as domains
        on listed.account = domains.account
        and listed.domain_name = domains.domain_name
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

found as (
    select
        listed.product,
        listed.account,
        listed.domain_name,
        listed.cname,
        case when asked.has_certificate then coalesce(asked.identifier, 'of ' || asked.domain_name) end as identifier,
        case when asked.domain_name is not null then 'served' end as source,
        asked.provider_status,
        asked.in_use,
        coalesce(asked.stale, listed.stale) as stale,
        coalesce(asked.synced_at, listed.synced_at) as synced_at
    from listed
    left join {{ ref('int_alicloud_domain_certificates') }} as asked
        on listed.product = asked.product
        and listed.account = asked.account
        and listed.domain_name = asked.domain_name
),

-- A domain may be in several products: nobody but its CNAME says which of them serves it. It is without a certificate only where all
-- say so that may serve it.
ranked as (
    select
        found.*,
        row_number() over (
            partition by account, domain_name, identifier
            order by source nulls first, stale, in_use desc, synced_at desc, product
        ) as version,
        {{ any_of('identifier is not null and in_use') }} over (partition by account, domain_name) as has_certificate
    from found
),

-- A site is served with its certificates for the names in them; which of several has a name, nobody says: none that expired, if another
-- did not.
at_sites as (
    select
        held.account,
        lower(element.value) as domain_name,
        held.identifier,
        held.in_use and (
            held.provider_status is distinct from 'expired'
            or not {{ any_of("held.provider_status is distinct from 'expired'") }} over (
                partition by held.account, held.site_id, lower(element.value)
            )
        ) as in_use,
        held.stale,
        held.synced_at
    from {{ ref('int_alicloud_held_certificates') }} as held
    {{ unnest_list('dns_names') }}
    where
        held.product = 'esa'
        and (
            held.site_name is null
            or lower(element.value) = lower(held.site_name)
            or right(lower(element.value), length(held.site_name) + 1) = '.' || lower(held.site_name)
        )
),

sites as (
    select
        account,
        site_id,
        lower(site_name) as site_name,
        lower(coalesce(status, 'active')) not in ('pending', 'offline', 'moved') as in_use,
        stale,
        synced_at
    from {{ current_rows('alicloud_esa_sites', 'site_id') }} as listed
),

without as (
    select account, domain_name, source, cname, {{ text('null') }} as reason, in_use, stale, synced_at
    from ranked
    where version = 1 and identifier is null and not has_certificate
    union all
    -- What is applied for is not there yet.
    select applied.account, lower(element.value), null, null, 'not_issued', coalesce(sites.in_use, true), applied.stale, applied.synced_at
    from {{ current_rows('alicloud_esa_certificates', ['site_id', 'id']) }} as applied
    {{ unnest_list('san') }}
    left join sites
        on applied.account = sites.account
        and applied.site_id = sites.site_id
    where lower(applied.status) = 'applying' and element.value is not null
    union all
    -- Which names a site serves nobody says; one without any certificate serves its own without.
    select sites.account, sites.site_name, null, null, 'none', sites.in_use, sites.stale, sites.synced_at
    from sites
    inner join {{ whose_parts_were_read('alicloud_esa_certificates', 'sites', 'site_id') }} as read_sites
        on sites.account = read_sites.account
        and sites.site_id = read_sites.site_id
    where
        not exists (
            select 1
            from {{ ref('int_alicloud_held_certificates') }} as held
            where held.product = 'esa' and held.account = sites.account and held.site_id = sites.site_id
        )
)

select
    {{ domain_columns('identifier', 'source', 'cname', 'provider_status', in_use='in_use') }}
from ranked
where version = 1 and identifier is not null
union all
select
    {{ domain_columns(
        source='max(source)',
        cname='max(cname)',
        reason='max(reason)',
        in_use=any_of('in_use'),
        stale=all_of('stale'),
        synced_at='max(synced_at)',
    ) }}
from without
group by account, domain_name
union all
select
    {{ domain_columns(
        'identifier',
        source="'related'",
        in_use=any_of('in_use'),
        stale=all_of('stale'),
        synced_at='max(synced_at)',
    ) }}
from at_sites
group by account, domain_name, identifier
