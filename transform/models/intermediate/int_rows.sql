-- The keys that have a row in a stream, and when it was read.
select 'alicloud_domains' as stream, account, domain_name as row_key, synced_at from {{ ref('stg_alicloud_domains') }}
union all
select 'certificate_info' as stream, account, domain_name as row_key, synced_at from {{ ref('stg_certificate_info') }}
union all
select 'alicloud_https_domains' as stream, account, domain_name as row_key, synced_at from {{ ref('stg_alicloud_https_domains') }}
union all
select 'cdnetworks_certificates' as stream, account, certificate_id as row_key, synced_at from {{ ref('stg_cdnetworks_certificates') }}
union all
select 'ssl_certificate' as stream, account, certificate_id as row_key, synced_at from {{ ref('stg_ssl_certificate') }}
