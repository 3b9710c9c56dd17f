{{ config(materialized='ephemeral') }}

select distinct
    {{ domain_columns(
        domain_name='element.value',
        identifier='certificate_id',
        source="'related'",
    ) }}
from {{ ref('int_cdnetworks_inventory') }}
{{ unnest_list('related_domains', field='domain_name') }}
where element.value is not null
