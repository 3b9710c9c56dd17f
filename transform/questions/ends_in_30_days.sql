-- What ends in the next 30 days?
select
    provider,
    account,
    name,
    issuer,
    not_after,
    floor(days_left) as whole_days_left,
    domain_count,
    state
from cdn_certs_marts.certificate_expiry
where days_left between 0 and 30
order by not_after, certificate_key
