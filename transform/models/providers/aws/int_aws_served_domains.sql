-- The domains of distributions, and of the tenants of those that have some, with the certificate that each serves.
with distributions as (
    select
        distributions.account,
        distributions.distribution_id,
        distributions.domain_name as cname,
        distributions.aliases,
        -- Of IAM, a distribution names an identifier that is in no ARN.
        coalesce(
            distributions.acm_certificate_arn, certificates.certificate_arn, distributions.iam_certificate_id
        ) as certificate,
        -- What stages another one answers nobody but who tests it.
        coalesce(distributions.enabled, true) and not coalesce(distributions.staging, false) as in_use,
        distributions.stale,
        distributions.synced_at
    from {{ current_rows('aws_distributions', 'distribution_id') }} as distributions
    left join {{ ref('stg_aws_certificates') }} as certificates
        on distributions.account = certificates.account
        and distributions.iam_certificate_id = certificates.server_certificate_id
),

tenants as (
    select
        tenants.account,
        tenants.tenant_id,
        tenants.domains,
        coalesce(tenants.certificate_arn, distributions.certificate) as certificate,
        -- Without a certificate of its own, and of a distribution that was not read, nobody knows.
        tenants.certificate_arn is not null or distributions.distribution_id is not null as is_known,
        coalesce(tenants.enabled, true) and coalesce(distributions.in_use, true) as in_use,
        tenants.stale,
        tenants.synced_at
    from {{ current_rows('aws_distribution_tenants', 'tenant_id') }} as tenants
    left join distributions
        on tenants.account = distributions.account
        and tenants.distribution_id = distributions.distribution_id
)

select
    account,
    distribution_id as served_by,
    element.value as domain_name,
    certificate,
    'served' as source,
    {{ text('null') }} as reason,
    cname,
    in_use,
    stale,
    synced_at
from distributions
{{ unnest_list('aliases') }}
where element.value is not null
union all
select
    account,
    tenant_id as served_by,
    {{ json_field('element.value', 'domain') }} as domain_name,
    certificate,
    case when is_known then 'served' end as source,
    case when not is_known then 'not_named' end as reason,
    {{ text('null') }} as cname,
    in_use and coalesce({{ json_field('element.value', 'status') }}, 'active') <> 'inactive' as in_use,
    stale,
    synced_at
from tenants
{{ unnest_list('domains') }}
where {{ json_field('element.value', 'domain') }} is not null
