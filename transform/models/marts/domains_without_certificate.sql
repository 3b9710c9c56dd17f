-- Domains of which no certificate is known, and why. One that could not be read is in current_sync_errors.
select
    provider,
    account,
    domain_name,
    cname,
    coalesce(reason, 'none') as reason,
    stale,
    synced_at
from {{ ref('int_domains') }} as domains
where
    certificate_key is null
    and (source is not null or (reason is not null and in_use))
    -- Another distribution, or another product, may serve it with one.
    and not exists (
        select 1
        from {{ ref('int_domains') }} as others
        where
            others.provider = domains.provider
            and others.account = domains.account
            and others.domain_name = domains.domain_name
            and others.certificate_key is not null
            and others.in_use
    )
