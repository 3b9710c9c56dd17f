-- What could not be read, and why?
select provider, account, stream, key, code, message, occurred_at
from cdn_certs_marts.current_sync_errors
order by occurred_at desc, provider, account, stream, key
