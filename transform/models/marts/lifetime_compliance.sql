-- The second of not_after counts, and a part of a day counts as a day (CA/Browser Forum Baseline Requirements, 6.3.2).
with lifetimes as (
    select
        1 as one,
        certificate_key,
        not_before,
        not_after,
        self_signed,
        cast(ceil(({{ seconds_between('not_before', 'not_after') }} + 1) / 86400) as integer) as lifetime_days
    from {{ ref('certificates') }}
),

limits as (
    select
        1 as one,
        not_before_from,
        lead(not_before_from) over (order by not_before_from) as not_before_until,
        limit_days
    from {{ ref('lifetime_limits') }}
)

select
    lifetimes.certificate_key,
    lifetimes.not_before,
    lifetimes.not_after,
    lifetimes.lifetime_days,
    limits.limit_days,
    case when not coalesce(lifetimes.self_signed, false) then lifetimes.lifetime_days <= limits.limit_days end as compliant
from lifetimes
-- BigQuery wants an outer join to be by what is equal.
left join limits
    on lifetimes.one = limits.one
    and lifetimes.not_before >= limits.not_before_from
    and (limits.not_before_until is null or lifetimes.not_before < limits.not_before_until)
