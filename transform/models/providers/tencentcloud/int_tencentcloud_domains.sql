{{ config(materialized='ephemeral') }}

-- Who may not read the domains knows them by the certificates that are deployed to them.
with deployed as (
    select
        account,
        certificate_id,
        {{ typed(json_field('element.value', 'resources'), 'text', 'list') }} as resources,
        stale,
        synced_at
    from {{ current_rows('tencentcloud_certificates', 'certificate_id') }} as certificates
    {{ unnest_list('deployed_resources') }}
),

domains as (
    select account, domain_name, identifier, source, cname, provider_status, reason, in_use, stale, synced_at
    from {{ ref('int_tencentcloud_served') }}
    union all
    select
        deployed.account,
        element.value as domain_name,
        deployed.certificate_id as identifier,
        'served' as source,
        null as cname,
        null as provider_status,
        null as reason,
        true as in_use,
        deployed.stale,
        deployed.synced_at
    from deployed
    {{ unnest_list('resources') }}
    where
        element.value is not null
        and not exists (
            select 1
            from {{ ref('int_tencentcloud_served') }} as served
            where served.account = deployed.account and served.domain_name = element.value
        )
)

-- A domain may be in CDN and in EdgeOne.
select
    {{ domain_columns(
        'identifier',
        source='max(source)',
        cname='max(cname)',
        provider_status='max(provider_status)',
        reason='max(reason)',
        in_use=any_of('in_use'),
        stale=all_of('stale'),
        synced_at='max(synced_at)',
    ) }}
from domains
group by account, domain_name, identifier
