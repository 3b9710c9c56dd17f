-- Both streams hold the whole inventory: the newer row of each certificate, and of two of the same sync the one with the detail.
with both_streams as (
    select
        account, certificate_id, name, certificate_validity_from, certificate_validity_to, certificate_serial, certificate_issuer,
        dns_names, related_domains, synced_at, 1 as preference
    from {{ ref('stg_ssl_certificate') }}
    union all
    select
        account, certificate_id, name, certificate_validity_from, certificate_validity_to, certificate_serial, certificate_issuer,
        dns_names, related_domains, synced_at, 2 as preference
    from {{ ref('stg_cdnetworks_certificates') }}
),

ranked as (
    select
        both_streams.*,
        current_keys.stale,
        row_number() over (
            partition by both_streams.account, both_streams.certificate_id
            order by both_streams.synced_at desc, both_streams.preference
        ) as version
    from both_streams
    inner join {{ ref('int_current_keys') }} as current_keys
        on current_keys.inventory = 'cdnetworks_certificates'
        and both_streams.account = current_keys.account
        and both_streams.certificate_id = current_keys.row_key
)

select
    account,
    certificate_id,
    name,
    lower(certificate_serial) as serial_number,
    certificate_issuer as issuer,
    certificate_validity_from as not_before,
    certificate_validity_to as not_after,
    dns_names,
    dns_names is not null as dns_names_known,
    related_domains,
    stale,
    synced_at
from ranked
where version = 1
