-- Domains of which the provider says that they have none. One that could not be read is in current_sync_errors.
select
    provider,
    account,
    domain_name,
    cname,
    stale,
    synced_at
from {{ ref('int_domains') }}
where source is not null and certificate_key is null
