{{ config(materialized='ephemeral') }}

-- What was requested and not issued is no certificate.
with domains as (
    select
        served.account,
        served.domain_name,
        case when requested.certificate_arn is null then served.certificate end as certificate,
        case when requested.certificate_arn is null then served.source end as source,
        case when requested.certificate_arn is null then served.reason else 'not_issued' end as reason,
        served.cname,
        served.in_use,
        served.stale,
        served.synced_at
    from {{ ref('int_aws_served_domains') }} as served
    left join {{ ref('stg_aws_certificates') }} as requested
        on served.account = requested.account
        and served.certificate = requested.certificate_arn
        and requested.status in ('PENDING_VALIDATION', 'VALIDATION_TIMED_OUT', 'FAILED')
)

-- The same domain may be of a distribution and of the one that stages its next state.
select
    {{ domain_columns(
        identifier='certificate',
        source='min(source)',
        cname='max(cname)',
        reason='max(reason)',
        in_use=any_of('in_use'),
        stale=all_of('stale'),
        synced_at='max(synced_at)',
    ) }}
from domains
group by account, domain_name, certificate
