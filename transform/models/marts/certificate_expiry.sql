with measured as (
    select
        certificates.*,
        {{ now() }} as as_of,
        {{ seconds_between(now(), 'not_after') }} / 3600 as hours_left,
        {{ seconds_between(now(), 'not_after') }} / 86400 as days_left,
        case when not_before < not_after then {{ seconds_between('not_before', 'not_after') }} / 86400 end as lifetime_days
    from {{ ref('certificates') }} as certificates
),

shares as (
    select
        measured.*,
        greatest(0, least(1, days_left / lifetime_days)) as lifetime_left,
        coalesce(lifetime_days * {{ var('days_at_most_share') }}, {{ var('warning_days') }}) as most_days
    from measured
)

select
    certificate_key,
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
    public_key_algorithm,
    public_key_bits,
    public_key_curve,
    signature_algorithm,
    self_signed,
    domain_count,
    stale,
    synced_at,
    as_of,
    hours_left,
    days_left,
    case when lifetime_days is not null then lifetime_left end as lifetime_left,
    -- A certificate is valid until not_after, that second included.
    case
        when not_after is null then 'unknown'
        when as_of > not_after then 'expired'
        when as_of < not_before then 'not_yet_valid'
        when days_left < least({{ var('critical_days') }}, most_days) then 'critical'
        when lifetime_days is not null and lifetime_left < {{ var('critical_share') }} then 'critical'
        when days_left < least({{ var('warning_days') }}, most_days) then 'warning'
        when lifetime_days is not null and lifetime_left < {{ var('warning_share') }} then 'warning'
        else 'ok'
    end as state
from shares
