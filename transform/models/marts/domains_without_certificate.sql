-- Domains that were read and have none. One that could not be read is in current_sync_errors.
select
    'alicloud' as provider,
    without.account,
    without.domain_name,
    domains.cname,
    without.stale,
    without.synced_at
from {{ ref('int_alicloud_domains') }} as without
left join {{ ref('stg_alicloud_domains') }} as domains
    on without.account = domains.account
    and without.domain_name = domains.domain_name
where not without.has_certificate
