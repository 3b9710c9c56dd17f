-- Both streams hold the whole inventory: the newer row of each certificate, and of two of the same sync the one with the detail.
{%- set columns = [
    'account', 'certificate_id', 'name', 'certificate_validity_from', 'certificate_validity_to', 'certificate_serial',
    'certificate_issuer', 'dns_names', 'related_domains', 'stale', 'synced_at',
] | join(', ') %}
with both_streams as (
    select {{ columns }}, 1 as preference
    from {{ current_rows('ssl_certificate', 'certificate_id', 'cdnetworks_certificates') }} as detailed
    union all
    select {{ columns }}, 2 as preference
    from {{ current_rows('cdnetworks_certificates', 'certificate_id') }} as listed
),

ranked as (
    select
        both_streams.*,
        row_number() over (partition by account, certificate_id order by synced_at desc, preference) as version
    from both_streams
)

select {{ columns }}
from ranked
where version = 1
