{{ config(materialized='ephemeral') }}

with pro as (
    select * from {{ current_rows('cdnetworks_pro_certificates', 'certificate_id') }} as deployed
),

-- Of a certificate that domains are configured with and no list shows, nobody knows when it ends.
configured as (
    select configured.account, configured.certificate_id, bool_and(configured.stale) as stale, max(configured.synced_at) as synced_at
    from {{ ref('int_cdnetworks_configured') }} as configured
    left join {{ ref('int_cdnetworks_inventory') }} as listed
        on configured.account = listed.account
        and configured.certificate_id = listed.certificate_id
    where configured.certificate_id is not null and listed.certificate_id is null
    group by 1, 2
)

select
    {{ certificate_columns(
        'certificate_id',
        'name',
        'dns_names',
        serial_number='lower(certificate_serial)',
        issuer='certificate_issuer',
        not_before='certificate_validity_from',
        not_after='certificate_validity_to',
        provider_not_after='certificate_validity_to',
    ) }}
from {{ ref('int_cdnetworks_inventory') }}
union all
-- The end that visitors see: that of the latest version may be of one that is deployed nowhere.
select
    {{ certificate_columns(
        'certificate_id',
        'name',
        not_after='production_expiration_time',
        provider_not_after='production_expiration_time',
        renews_itself="case lower(auto_renew) when 'le' then true when 'off' then false end",
    ) }}
from pro
union all
select {{ certificate_columns('certificate_id') }}
from configured
