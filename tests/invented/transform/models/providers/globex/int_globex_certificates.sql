{{ config(materialized='ephemeral') }}

-- No serial number, no fingerprint: nobody can tell whether another account holds the same certificate.
select {{ certificate_columns('certificate_id', 'name', dns_names='hosts', not_after='expires_at', provider_not_after='expires_at') }}
from {{ current_rows('globex_certificates', 'certificate_id') }} as listed
