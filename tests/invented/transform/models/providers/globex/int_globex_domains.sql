{{ config(materialized='ephemeral') }}

select {{ domain_columns(domain_name='element.value', identifier='certificate_id', source="'served'", provider_status='state') }}
from {{ current_rows('globex_deployments', 'certificate_id') }} as deployed
{{ unnest_list('domains') }}
