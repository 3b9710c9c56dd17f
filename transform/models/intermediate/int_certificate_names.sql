-- The names that a certificate is for, as it or the provider gives them, in lower case.
select distinct
    certificate_key,
    provider,
    account,
    lower(element.value) as dns_name
from {{ ref('int_certificates_seen') }}
{{ unnest_list('dns_names') }}
where element.value is not null
