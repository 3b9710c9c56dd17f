with complete_syncs as (
    select stream, account, max(synced_at) as last_complete_sync_at
    from {{ ref('stg_syncs') }}
    where complete
    group by 1, 2
),

ranked as (
    select
        errors.*,
        row_number() over (
            partition by errors.stream, errors.account, errors.operation, errors.key, errors.code
            order by errors.synced_at desc, errors.occurred_at desc
        ) as version
    from {{ ref('stg_sync_errors') }} as errors
    left join complete_syncs
        on errors.stream = complete_syncs.stream
        and errors.account = complete_syncs.account
    where complete_syncs.last_complete_sync_at is null or errors.synced_at >= complete_syncs.last_complete_sync_at
)

-- A key that was read in a later sync, even one that did not end, can be read again.
select
    ranked.provider,
    ranked.account,
    ranked.stream,
    ranked.operation,
    ranked.key,
    coalesce(ranked.reach, case when ranked.key = '*' then 'stream' else 'key' end) as reach,
    ranked.code,
    ranked.message,
    ranked.request_id,
    ranked.occurred_at
from ranked
left join {{ ref('int_rows') }} as seen
    on ranked.stream = seen.stream
    and ranked.account = seen.account
    and ranked.key in (seen.row_key, seen.part_of)
    and ranked.synced_at < seen.synced_at
where ranked.version = 1 and seen.row_key is null
