-- The certificates that each domain is configured with; of a domain that has none, a row without.
with asked as (
    select account, domain_name, domain_cert_configs, stale, synced_at
    from {{ current_rows('cdnetworks_domain_certificates', 'domain_name', 'cdnetworks_domains') }} as domains
    -- All are null while its request is left to a later sync; where the domain has no certificate, BigQuery keeps no list of that.
    where domain_cert_configs is not null or tls_version is not null or enable_ocsp is not null
),

configurations as (
    select account, domain_name, {{ typed('element.value', none, 'list') }} as cert_infos
    from asked
    {{ unnest_list('domain_cert_configs', field='cert_infos') }}
),

certificates as (
    select distinct account, domain_name, element.value as certificate_id
    from configurations
    {{ unnest_list('cert_infos', field='certificate_id') }}
)

select
    asked.account,
    asked.domain_name,
    certificates.certificate_id,
    certificates.domain_name is not null as has_certificate,
    asked.stale,
    asked.synced_at
from asked
left join certificates
    on asked.account = certificates.account
    and asked.domain_name = certificates.domain_name
