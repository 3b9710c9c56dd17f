-- The domains of each account.
select 'alicloud' as provider, account, row_key as domain_name
from {{ ref('int_current_keys') }}
where inventory in ('alicloud_domains', 'certificate_info', 'alicloud_https_domains')
union
select provider, account, domain_name
from {{ ref('int_served_domains') }}
