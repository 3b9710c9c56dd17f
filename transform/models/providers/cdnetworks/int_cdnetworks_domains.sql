{{ config(materialized='ephemeral') }}

with usages as (
    {%- for environment in ('production', 'staging') %}
    select
        account,
        certificate_id,
        {{ typed('element.value', none, 'list') }} as hostnames,
        {{ (environment == 'production') | lower }} as in_use,
        stale,
        synced_at
    from {{ current_rows('cdnetworks_pro_certificates', 'certificate_id') }} as {{ environment }}
    {{ unnest_list('usage_in_' ~ environment, field='hostnames') }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

-- What says of a domain that it has a certificate; of one that is not named, nobody knows which.
said as (
    select account, element.value as domain_name, certificate_id, 'related' as source, true as in_use, stale, synced_at, false as of_pro
    from {{ ref('int_cdnetworks_inventory') }}
    {{ unnest_list('related_domains', field='domain_name') }}
    union all
    select account, domain_name, certificate_id, case when certificate_id is not null then 'served' end, true, stale, synced_at, false
    from {{ ref('int_cdnetworks_configured') }}
    where has_certificate
    union all
    select account, element.value, certificate_id, 'served', in_use, stale, synced_at, true
    from usages
    {{ unnest_list('hostnames') }}
),

held as (
    select
        account,
        domain_name,
        certificate_id,
        -- Of both, `served`: a domain has a certificate once.
        max(source) as source,
        {{ any_of('in_use') }} as in_use,
        {{ any_of('of_pro') }} as of_pro,
        {{ all_of('stale') }} as stale,
        max(synced_at) as synced_at
    from said
    where domain_name is not null
    group by 1, 2, 3
),

-- When all certificates were last read, so that a domain that none of them is related to has none.
certificates_read as (
    select account, max(synced_at) as read_at
    from {{ ref('stg_syncs') }}
    where stream in ('cdnetworks_certificates', 'ssl_certificate') and complete and failed = 0
    group by 1
),

descriptions as (
    select
        described.*,
        row_number() over (partition by account, domain_name order by synced_at desc, preference) as version
    from (
        {%- for stream in ('cdnetworks_domains', 'cdnetworks_domain_certificates') %}
        select account, domain_name, cname, enabled, cdn_service_status, synced_at, {{ loop.index }} as preference
        from {{ ref('stg_' ~ stream) }}
        {{- '\n        union all' if not loop.last }}
        {%- endfor %}
    ) as described
),

without as (
    select
        listed.account,
        listed.row_key as domain_name,
        case
            when listed.synced_at <= certificates_read.read_at then 'related'
            when asked.domain_name is not null then 'served'
        end as source,
        listed.stale,
        listed.synced_at
    from {{ ref('int_current_keys') }} as listed
    left join {{ ref('int_cdnetworks_configured') }} as asked
        on listed.account = asked.account
        and listed.row_key = asked.domain_name
    left join certificates_read on listed.account = certificates_read.account
    where
        listed.inventory = 'cdnetworks_domains'
        and not exists (
            select 1
            from held
            where listed.account = held.account and lower(listed.row_key) = lower(held.domain_name) and held.in_use
        )
),

all_domains as (
    select
        account,
        domain_name,
        certificate_id,
        source,
        case when certificate_id is null then 'not_named' end as reason,
        in_use,
        of_pro,
        stale,
        synced_at
    from held
    union all
    select account, domain_name, null, source, null, true, false, stale, synced_at from without
)

select
    {{ domain_columns(
        account='all_domains.account',
        domain_name='all_domains.domain_name',
        identifier='all_domains.certificate_id',
        source='all_domains.source',
        cname='descriptions.cname',
        reason='all_domains.reason',
        in_use='all_domains.in_use and coalesce(descriptions.enabled and descriptions.cdn_service_status, true)',
        stale='all_domains.stale',
        synced_at='all_domains.synced_at',
    ) }}
from all_domains
-- A domain of CDN Pro is another than its namesake.
left join descriptions
    on all_domains.account = descriptions.account
    and all_domains.domain_name = descriptions.domain_name
    and descriptions.version = 1
    and not all_domains.of_pro
