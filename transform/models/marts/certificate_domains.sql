-- A name covers a domain when they are the same, or when its `*` stands for the domain's first label and nothing else (RFC 6125, 6.4.3).
-- A provider's wildcard domain `.example.com` has an empty first label, so that `*.example.com` covers it.
with domain_patterns as (
    select provider, account, domain_name, {{ without_trailing('lower(domain_name)', '.') }} as pattern
    from {{ ref('int_domains') }}
    union all
    select
        provider,
        account,
        domain_name,
        '*' || {{ without_trailing('substr(lower(domain_name), ' ~ dbt.position("'.'", 'domain_name') ~ ')', '.') }} as pattern
    from {{ ref('int_domains') }}
    where domain_name like '%.%'
),

sans as (
    select distinct
        names.certificate_key,
        names.provider,
        names.account,
        domain_patterns.domain_name
    from {{ ref('int_certificate_names') }} as names
    inner join domain_patterns
        on names.provider = domain_patterns.provider
        and names.account = domain_patterns.account
        and names.dns_name = domain_patterns.pattern
),

certificates as (
    select
        seen.certificate_key,
        {{ any_of('seen.dns_names_known') }} as dns_names_known
    from {{ ref('int_certificates_seen') }} as seen
    group by 1
),

-- Certificates write internationalized names as `xn--…`, providers in Unicode, and SQL cannot compare them.
encoded_names as (
    select distinct certificate_key
    from {{ ref('int_certificate_names') }}
    where dns_name like '%xn--%'
),

served as (
    select
        domains.certificate_key,
        domains.provider,
        domains.account,
        domains.domain_name,
        domains.source,
        domains.provider_status,
        domains.in_use,
        case
            when sans.domain_name is not null then true
            when domains.provider_status = 'mismatch' then false
            when not certificates.dns_names_known then null
            when encoded_names.certificate_key is not null and not {{ matches('domains.domain_name', '[ -~]*') }} then null
            else false
        end as covered
    from {{ ref('int_domains') }} as domains
    inner join certificates on domains.certificate_key = certificates.certificate_key
    left join encoded_names on domains.certificate_key = encoded_names.certificate_key
    left join sans
        on domains.certificate_key = sans.certificate_key
        and domains.domain_name = sans.domain_name
)

select certificate_key, provider, account, domain_name, source, covered, provider_status, in_use from served
union all
select certificate_key, provider, account, domain_name, 'san' as source, true as covered, null as provider_status, null as in_use from sans
