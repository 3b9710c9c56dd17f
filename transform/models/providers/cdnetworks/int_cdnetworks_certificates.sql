{{ config(materialized='ephemeral') }}

with pro as (
    select * from {{ current_rows('cdnetworks_pro_certificates', 'certificate_id') }} as deployed
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
-- The end that visitors see: that of the latest version may be of one that is deployed nowhere. What was read has versions; where it is
-- used nowhere, BigQuery keeps no list of that.
select
    {{ certificate_columns(
        'certificate_id',
        'name',
        not_after='production_expiration_time',
        provider_not_after='production_expiration_time',
        renews_itself="case lower(auto_renew) when 'le' then true when 'off' then false end",
        use_known='coalesce(usage_in_production, versions) is not null',
    ) }}
from pro
