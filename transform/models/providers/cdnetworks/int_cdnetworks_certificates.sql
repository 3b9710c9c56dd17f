{{ config(materialized='ephemeral') }}

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
