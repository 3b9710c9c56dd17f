-- A sync that was stopped left rows or errors, and no row in syncs.
with seen as (
    select stream, account, synced_at from {{ ref('int_rows') }}
    union all
    select stream, account, synced_at from {{ ref('stg_sync_errors') }}
    union all
    select stream, account, synced_at from {{ ref('stg_syncs') }}
),

last_syncs as (
    select stream, account, max(synced_at) as last_sync_at
    from seen
    group by 1, 2
),

complete_syncs as (
    select stream, account, max(synced_at) as last_complete_sync_at
    from {{ ref('stg_syncs') }}
    where complete
    group by 1, 2
),

rows_read as (
    select stream, account, synced_at, count(*) as row_count
    from {{ ref('int_rows') }}
    group by 1, 2, 3
),

error_counts as (
    select
        stream,
        account,
        synced_at,
        sum(case when reach = 'field' then 0 else 1 end) as errors,
        sum(case when reach = 'field' then 1 else 0 end) as unreadable_fields
    from {{ ref('stg_sync_errors') }}
    group by 1, 2, 3
),

health as (
    select
        last_syncs.stream,
        last_syncs.account,
        last_syncs.last_sync_at,
        complete_syncs.last_complete_sync_at,
        syncs.provider,
        syncs.listed,
        coalesce(syncs.read, rows_read.row_count, 0) as read,
        syncs.without_certificate,
        syncs.skipped,
        syncs.failed,
        coalesce(error_counts.errors, 0) as errors,
        coalesce(error_counts.unreadable_fields, 0) as unreadable_fields,
        coalesce(syncs.complete, false) as complete,
        {{ seconds_between('complete_syncs.last_complete_sync_at', now()) }} / 3600 as age_hours
    from last_syncs
    left join complete_syncs
        on last_syncs.stream = complete_syncs.stream
        and last_syncs.account = complete_syncs.account
    left join {{ ref('stg_syncs') }} as syncs
        on last_syncs.stream = syncs.stream
        and last_syncs.account = syncs.account
        and last_syncs.last_sync_at = syncs.synced_at
    left join rows_read
        on last_syncs.stream = rows_read.stream
        and last_syncs.account = rows_read.account
        and last_syncs.last_sync_at = rows_read.synced_at
    left join error_counts
        on last_syncs.stream = error_counts.stream
        and last_syncs.account = error_counts.account
        and last_syncs.last_sync_at = error_counts.synced_at
)

select
    coalesce(health.provider, streams.provider) as provider,
    health.account,
    health.stream,
    health.last_sync_at,
    health.last_complete_sync_at,
    cast(health.listed as integer) as listed,
    cast(health.read as integer) as read,
    cast(health.without_certificate as integer) as without_certificate,
    cast(health.skipped as integer) as skipped,
    cast(health.failed as integer) as failed,
    cast(health.errors as integer) as errors,
    cast(health.unreadable_fields as integer) as unreadable_fields,
    health.complete,
    -- The worst first: an old inventory hides more than one that lacks a key.
    case
        when health.age_hours > {{ var('stale_after_hours') }} then 'stale'
        when not health.complete then 'incomplete'
        when health.failed > 0 or health.errors > 0 then 'partial'
        else 'ok'
    end as state,
    health.age_hours,
    {{ now() }} as as_of
from health
left join {{ ref('streams') }} as streams on health.stream = streams.stream
