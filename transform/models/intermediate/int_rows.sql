-- The keys that have a row in a stream, and when it was read.
select stream, account, row_key, part_of, synced_at
from ({{ of_providers('rows') }}) as seen
where account is not null
