-- What ends in the next 30 days?
select
    provider,
    account,
    name,
    issuer,
    ends_at,
    floor(days_left) as whole_days_left,
    domain_count,
    state
from cdn_certs_marts.certificate_expiry
where days_left between 0 and 30
order by ends_at, certificate_key
