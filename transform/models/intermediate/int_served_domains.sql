-- Which certificate a provider says a domain has.
select
    certificate_key,
    provider,
    account,
    seen_at as domain_name,
    'served' as source,
    provider_status,
    in_use
from {{ ref('int_certificates_seen') }}
where provider = 'alicloud'
union all
select distinct
    'cdnetworks/' || account || '/' || certificate_id as certificate_key,
    'cdnetworks' as provider,
    account,
    element.value as domain_name,
    'related' as source,
    cast(null as text) as provider_status,
    true as in_use
from {{ ref('int_cdnetworks_certificates') }}
{{ unnest_list('related_domains', field='domain_name') }}
where element.value is not null
