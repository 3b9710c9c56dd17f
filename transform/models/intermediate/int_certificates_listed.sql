-- Certificates as the providers show them: once each, or once for each domain.
select
    provider || '/' || account || '/' || identifier as certificate_key,
    seen.*
from ({{ of_providers('certificates') }}) as seen
