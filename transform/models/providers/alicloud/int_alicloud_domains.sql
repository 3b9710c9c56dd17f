{{ config(materialized='ephemeral') }}

-- A domain that is only listed was not asked for its certificate: nobody knows whether it has one.
with listed as (
    select account, row_key as domain_name, bool_and(stale) as stale, max(synced_at) as synced_at
    from {{ ref('int_current_keys') }}
    where inventory in ('alicloud_domains', 'certificate_info', 'alicloud_https_domains')
    group by 1, 2
)

select
    {{ domain_columns(
        account='listed.account',
        domain_name='listed.domain_name',
        identifier="case when asked.has_certificate then coalesce(asked.identifier, 'of ' || asked.domain_name) end",
        source="case when asked.domain_name is not null then 'served' end",
        cname='domains.cname',
        provider_status='asked.provider_status',
        in_use='asked.in_use',
        stale='coalesce(asked.stale, listed.stale)',
        synced_at='coalesce(asked.synced_at, listed.synced_at)',
    ) }}
from listed
left join {{ ref('int_alicloud_domain_certificates') }} as asked
    on listed.account = asked.account
    and listed.domain_name = asked.domain_name
left join {{ ref('stg_alicloud_domains') }} as domains
    on listed.account = domains.account
    and listed.domain_name = domains.domain_name
