-- The domains of each account, and which certificate the provider says they have.
select
    provider || '/' || account || '/' || identifier as certificate_key,
    seen.*
from ({{ of_providers('domains') }}) as seen
