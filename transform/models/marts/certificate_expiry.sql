with ends as (
    select
        certificates.*,
        {{ now() }} as as_of,
        {{ earliest(['not_after', 'provider_not_after', 'chain_not_after']) }} as ends_at
    from {{ ref('certificates') }} as certificates
),

measured as (
    select
        ends.*,
        {{ seconds_between('as_of', 'ends_at') }} / 3600 as hours_left,
        {{ seconds_between('as_of', 'ends_at') }} / 86400 as days_left,
        case when not_before < not_after then {{ seconds_between('not_before', 'not_after') }} / 86400 end as lifetime_days
    from ends
),

shares as (
    select
        measured.*,
        greatest(0, least(1, days_left / lifetime_days)) as lifetime_left
    from measured
),

dated as (
    select
        shares.*,
        {{ state_by_dates('not_before', 'ends_at', 'days_left', 'lifetime_days') }} as state_by_dates
    from shares
),

judged as (
    select
        dated.*,
        case
            when provider_status = 'expired' then 'expired'
            when provider_status in ('revoked', 'inactive') and state_by_dates <> 'expired' then 'critical'
            else state_by_dates
        end as state,
        -- Its idea of soon is its own: it is said, and changes no state.
        (provider_status = 'expired' and state_by_dates <> 'expired')
            or (provider_status in ('revoked', 'inactive') and state_by_dates not in ('expired', 'critical'))
            or (provider_status = 'expire_soon' and state_by_dates = 'ok') as says_worse
    from dated
)

select
    certificate_key,
    identity,
    provider,
    account,
    certificate_id,
    name,
    fingerprint_sha256,
    serial_number,
    subject_common_name,
    issuer,
    not_before,
    not_after,
    provider_not_after,
    end_disputed,
    chain_not_after,
    chain_complete,
    ends_at,
    provider_status,
    coalesce(says_worse, false) as provider_says_worse,
    public_key_algorithm,
    public_key_bits,
    public_key_curve,
    signature_algorithm,
    signature_hash,
    self_signed,
    domain_count,
    serves_nothing,
    use_known,
    only_named,
    stale,
    synced_at,
    as_of,
    hours_left,
    days_left,
    case when lifetime_days is not null then lifetime_left end as lifetime_left,
    state
from judged
