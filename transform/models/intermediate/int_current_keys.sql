with newest as (
    select
        streams.inventory,
        seen.account,
        seen.row_key,
        max(seen.part_of) as part_of,
        max(seen.synced_at) as synced_at
    from {{ ref('int_rows') }} as seen
    inner join {{ ref('streams') }} as streams on seen.stream = streams.stream
    group by 1, 2, 3
),

-- An item of a list that does not say what it is has an error whose key is `#3`, its place, or `whole/#3` in a list of a whole's parts.
-- It may be any row that is not there, in every stream that shares the list.
nameless_errors as (
    select distinct
        affected.stream,
        errors.account,
        errors.synced_at
    from {{ ref('stg_sync_errors') }} as errors
    inner join {{ ref('streams') }} as failed on errors.stream = failed.stream
    inner join {{ ref('streams') }} as affected on failed.listing = affected.listing
    where errors.key like '#%' or errors.key like '%/#%'
),

-- A complete sync tried every key that is listed, so that rows it neither read nor failed to read have left. With a nameless error
-- it cannot tell which; the last complete sync without one, the last exact sync, still can.
complete_syncs as (
    select
        streams.inventory,
        syncs.account,
        max(syncs.synced_at) as last_complete_sync_at,
        max(case when nameless_errors.synced_at is null then syncs.synced_at end) as last_exact_sync_at
    from {{ ref('stg_syncs') }} as syncs
    inner join {{ ref('streams') }} as streams on syncs.stream = streams.stream
    left join nameless_errors
        on syncs.stream = nameless_errors.stream
        and syncs.account = nameless_errors.account
        and syncs.synced_at = nameless_errors.synced_at
    where syncs.complete
    group by 1, 2
),

key_errors as (
    select
        newest.inventory,
        newest.account,
        newest.row_key,
        max(errors.synced_at) as failed_at
    from {{ ref('stg_sync_errors') }} as errors
    inner join {{ ref('streams') }} as streams on errors.stream = streams.stream
    inner join newest
        on streams.inventory = newest.inventory
        and errors.account = newest.account
        and errors.key in (newest.row_key, newest.part_of)
    -- A row that lacks a field was read.
    where coalesce(errors.reach, 'key') <> 'field'
    group by 1, 2, 3
)

-- A key that was never in a complete sync is current, and so is everything of an account that never had one.
select
    newest.inventory,
    newest.account,
    newest.row_key,
    newest.synced_at,
    coalesce(newest.synced_at < complete_syncs.last_complete_sync_at, false)
        or coalesce(newest.synced_at < key_errors.failed_at, false) as stale
from newest
left join complete_syncs
    on newest.inventory = complete_syncs.inventory
    and newest.account = complete_syncs.account
left join key_errors
    on newest.inventory = key_errors.inventory
    and newest.account = key_errors.account
    and newest.row_key = key_errors.row_key
where
    complete_syncs.last_exact_sync_at is null
    or newest.synced_at >= complete_syncs.last_exact_sync_at
    or key_errors.failed_at >= complete_syncs.last_exact_sync_at
