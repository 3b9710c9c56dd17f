-- All certificates there are: those that the providers show, and those that they only name at a domain, which are missing from their lists
-- or may not be read. When those end nobody knows.
with named as (
    select certificate_key, provider, account, identifier, {{ all_of('stale') }} as stale, max(synced_at) as synced_at
    from {{ ref('int_domains') }}
    where certificate_key is not null
    group by 1, 2, 3, 4
),

all_certificates as (
    select listed.*, false as only_named
    from {{ ref('int_certificates_listed') }} as listed
    union all
    select
        named.certificate_key,
        named.provider,
        {{ certificate_columns(certificate_id='identifier') }},
        true as only_named
    from named
    where not exists (
        select 1
        from {{ ref('int_certificates_listed') }} as listed
        where listed.certificate_key = named.certificate_key
    )
),

-- Streams that were tried: one that was stopped or refused left rows or errors, and perhaps no row in syncs.
tried as (
    select stream, account from {{ ref('int_rows') }}
    union distinct
    select stream, account from {{ ref('stg_sync_errors') }}
    union distinct
    select stream, account from {{ ref('stg_syncs') }}
),

completed as (
    select distinct stream, account
    from {{ ref('stg_syncs') }}
    where complete
),

-- Where one of the streams that say what serves a domain was tried and never read to its end, nobody knows what else serves one.
accounts as (
    select
        streams.provider,
        tried.account,
        {{ all_of('completed.stream is not null') }} as all_read
    from {{ ref('streams') }} as streams
    inner join tried on streams.stream = tried.stream
    left join completed
        on tried.stream = completed.stream
        and tried.account = completed.account
    where streams.tells_use
    group by 1, 2
),

-- Of other providers, certificates say it themselves.
telling as (
    select distinct provider
    from {{ ref('streams') }}
    where tells_use
)

select
    all_certificates.*,
    telling.provider is null or coalesce(accounts.all_read, false) as uses_read
from all_certificates
left join telling on all_certificates.provider = telling.provider
left join accounts
    on all_certificates.provider = accounts.provider
    and all_certificates.account = accounts.account
